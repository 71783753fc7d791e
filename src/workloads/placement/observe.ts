import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  if (cloud.spec.services["placement"]?.enabled !== true) return { ready: [], next: "underpin status" };
  return {
    ready: [`Deployment/${cloud.metadata.namespace}/placement`],
    endpointPath: "/placement",
    next: "underpin logs placement",
  };
}
