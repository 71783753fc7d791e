import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  const enabled = cloud.spec.services["glance"]?.enabled === true;
  return {
    ready: enabled ? [`Deployment/${cloud.metadata.namespace}/glance`] : [],
    endpointPath: "/image",
    next: "underpin logs glance",
  };
}
