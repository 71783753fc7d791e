import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  const { namespace } = cloud.metadata;
  const databases = ["ovn-nb", "ovn-sb"].map((name) => `StatefulSet/${namespace}/${name}`);
  return { ready: [...databases, `Deployment/${namespace}/ovn-northd`], next: "underpin logs ovn" };
}
