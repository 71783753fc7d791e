import type { Cloud, Observation } from "../contract.ts";

export function observe(cloud: Cloud): Observation {
  return { ready: [`Deployment/${cloud.metadata.namespace}/witness`], next: "underpin logs witness" };
}
