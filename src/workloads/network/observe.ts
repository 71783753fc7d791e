import { nodesNamespace } from "../../api/names.ts";
import type { Cloud, Observation } from "../contract.ts";
import { hasGuests } from "./nodes.ts";

export function observe(cloud: Cloud): Observation {
  const namespace = nodesNamespace(cloud.metadata.namespace);
  const names = ["ovs", "ovn-controller", ...(hasGuests(cloud) ? ["ovn-metadata"] : [])];
  return { ready: names.map((name) => `DaemonSet/${namespace}/${name}`), next: "underpin logs network" };
}
