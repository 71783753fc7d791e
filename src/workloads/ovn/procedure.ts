import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, pick } from "../kit/index.ts";

/** The Services first: their addresses are written into everything that connects to the databases. */
export function procedure(_input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  return [
    applyStep({
      id: "ovn/services",
      needs: [],
      objects: pick(objects, "Service"),
      until: "applied",
      onFailure: "Read the message: the API server says which field it refuses.",
      timeoutSeconds: 60,
    }),
    applyStep({
      id: "ovn/databases",
      needs: ["ovn/services"],
      objects: pick(objects, "StatefulSet"),
      // The nodes keep forwarding with what they know; changes wait for the databases.
      impact: { level: "WritesFail", on: "networks", seconds: 15 },
      onFailure: "Look at the logs: underpin logs ovn. A volume that cannot be made shows in kubectl get pvc.",
    }),
    // No impact: a second northd waits for the lock of the first, and takes over when that one goes.
    applyStep({
      id: "ovn/ready",
      needs: ["ovn/databases"],
      objects: pick(objects, "Deployment"),
      onFailure: "northd is not connected to both databases: underpin logs ovn.",
    }),
  ];
}
