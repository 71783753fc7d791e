import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, pick } from "../kit/index.ts";

/** The bus answers an AMQP greeting; users and virtual hosts are loaded before it listens. */
export function procedure(_input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  return [
    applyStep({
      id: "rabbitmq/ready",
      needs: [],
      objects: [...pick(objects, "Service"), ...pick(objects, "StatefulSet")],
      // One node: what is asked of another process waits, or is asked again, until the bus is back and its clients are.
      impact: { level: "WritesFail", on: "servers and networks", seconds: 20 },
      onFailure: "Look at the log: underpin logs rabbitmq. A volume that cannot be made shows in kubectl get pvc.",
    }),
  ];
}
