import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  if (cloud.spec.services["glance"]?.enabled !== true) return { ready: [], next: "underpin status" };
  return {
    ready: [`Deployment/${cloud.metadata.namespace}/glance`],
    endpointPath: "/image",
    next: "underpin logs glance",
  };
}
