import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  const enabled = cloud.spec.services["keystone"]?.enabled === true;
  return {
    ready: enabled ? [`Deployment/${cloud.metadata.namespace}/keystone`] : [],
    endpointPath: "/identity",
    next: "underpin logs keystone",
  };
}
