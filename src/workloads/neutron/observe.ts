import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  if (cloud.spec.services["neutron"]?.enabled !== true) return { ready: [], next: "underpin status" };
  const names = ["neutron", "neutron-periodic", "neutron-maintenance"];
  return {
    ready: names.map((name) => `Deployment/${cloud.metadata.namespace}/${name}`),
    endpointPath: "/network",
    next: "underpin logs neutron",
  };
}
