import type { BuildInput, Manifest, Step } from "../contract.ts";
import { applyStep, pick } from "../kit/index.ts";

/**
 * libvirt needs nobody but the switch's sockets. nova-compute would start without a conductor or placement too, but then
 * loses ten seconds with each question to the one, and a minute until it tells the other again what the node has.
 */
export function procedure(input: BuildInput, objects: readonly Manifest[]): readonly Step[] {
  if (objects.length === 0 && input.cloud.spec.services["nova"]?.enabled !== true) return [];
  const pools = input.cloud.spec.compute.pools.map((pool) => pool.name);
  const sets = (part: string) => pools.flatMap((pool) => [...pick(objects, "DaemonSet", `${part}-${pool}`)]);
  return [
    applyStep({
      id: "compute/libvirt",
      needs: ["network/ovs"],
      objects: sets("libvirt"),
      // Guests run on without it; to start, stop or change one waits or fails.
      impact: { level: "WritesFail", on: "servers of the node", seconds: 15 },
      onFailure: "Look at the log: underpin logs compute.",
    }),
    applyStep({
      id: "compute/ready",
      needs: ["compute/libvirt", "network/ready", "nova/conductor", "placement/answers"],
      objects: sets("nova-compute"),
      // What is asked of it waits in its queue, and longer than a minute fails.
      impact: { level: "WritesFail", on: "servers of the node", seconds: 30 },
      onFailure: "nova-compute has no connection to the message bus or to libvirt: underpin logs compute.",
    }),
  ];
}
