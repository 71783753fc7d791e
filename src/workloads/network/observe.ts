import { nodesNamespace } from "../../api/names.ts";
import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  const namespace = nodesNamespace(cloud.metadata.namespace);
  const names = ["ovs", "ovn-controller", "ovn-metadata"];
  return { ready: names.map((name) => `DaemonSet/${namespace}/${name}`), next: "underpin logs network" };
}
