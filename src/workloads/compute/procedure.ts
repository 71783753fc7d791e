import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, pick } from "../kit/index.ts";

/** libvirt needs nobody; nova-compute needs its socket, the bus, the node's switch and somebody who answers it. */
export function procedure(input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  const pools = input.cloud.spec.compute.pools.map((pool) => pool.name);
  const sets = (part: string) => pools.flatMap((pool) => [...pick(objects, "DaemonSet", `${part}-${pool}`)]);
  return [
    applyStep({
      id: "compute/libvirt",
      needs: ["network/ovs"],
      objects: sets("libvirt"),
      onFailure: "Look at the log: underpin logs compute.",
    }),
    applyStep({
      id: "compute/ready",
      needs: ["compute/libvirt", "network/ready", "rabbitmq/ready", "gateway/ca"],
      objects: sets("nova-compute"),
      onFailure: "nova-compute has no connection to the message bus or to libvirt: underpin logs compute.",
    }),
  ];
}
