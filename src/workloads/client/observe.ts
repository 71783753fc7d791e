import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  return { ready: [`Deployment/${cloud.metadata.namespace}/client`], next: "underpin kubectl get pods" };
}
