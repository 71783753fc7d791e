import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, ofService } from "../kit/index.ts";

export function procedure(input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  return [
    applyStep({
      id: "client/ready",
      // Last: nothing waits for it, and while the cloud comes up every start of a pod costs the others time.
      needs: ["keystone/catalog", ...ofService(input, "nova", "nova/compute-mapped")],
      objects,
      onFailure: "Look at its pod: underpin kubectl get pods. Only `underpin openstack` needs it.",
    }),
  ];
}
