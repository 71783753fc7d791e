import { nodesNamespace } from "../../api/names.ts";
import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  const namespace = nodesNamespace(cloud.metadata.namespace);
  const sets = cloud.spec.compute.pools.flatMap(({ name }) => [`libvirt-${name}`, `nova-compute-${name}`]);
  const enabled = cloud.spec.services["nova"]?.enabled === true;
  return { ready: enabled ? sets.map((name) => `DaemonSet/${namespace}/${name}`) : [], next: "underpin logs compute" };
}
