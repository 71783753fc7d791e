import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, CA_CONFIG_MAP, pick } from "../kit/index.ts";

/** The certificate authority first, since every pod that checks a certificate mounts it; the front door needs no API to open. */
export function procedure(_input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  return [
    applyStep({
      id: "gateway/ca",
      needs: [],
      objects: pick(objects, "ConfigMap", CA_CONFIG_MAP),
      until: "applied",
      onFailure: "Read the message: the API server says which field it refuses.",
      timeoutSeconds: 60,
    }),
    // No impact: a new one is ready before an old one gets nothing new, finishes what it has, and goes. So with the APIs behind it.
    applyStep({
      id: "gateway/ready",
      needs: [],
      objects: [...pick(objects, "Service"), ...pick(objects, "Deployment"), ...pick(objects, "PodDisruptionBudget")],
      onFailure: "Look at the log: underpin logs gateway. A refused Service says that the node port is taken.",
    }),
  ];
}
