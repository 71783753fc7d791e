import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  if (cloud.spec.services["nova"]?.enabled !== true) return { ready: [], next: "underpin status" };
  const { namespace } = cloud.metadata;
  return {
    ready: [
      ...["nova-api", "nova-metadata", "nova-novncproxy"].map((name) => `Deployment/${namespace}/${name}`),
      ...["nova-conductor", "nova-scheduler"].map((name) => `StatefulSet/${namespace}/${name}`),
    ],
    endpointPath: "/compute",
    next: "underpin logs nova",
  };
}
