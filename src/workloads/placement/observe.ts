import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  const enabled = cloud.spec.services["placement"]?.enabled === true;
  return {
    ready: enabled ? [`Deployment/${cloud.metadata.namespace}/placement`] : [],
    endpointPath: "/placement",
    next: "underpin logs placement",
  };
}
