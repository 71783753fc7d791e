import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  if (cloud.spec.services["keystone"]?.enabled !== true) return { ready: [], next: "underpin status" };
  return {
    ready: [`Deployment/${cloud.metadata.namespace}/keystone`],
    endpointPath: "/identity",
    next: "underpin logs keystone",
  };
}
