import type { ResolvedService } from "../../api/cloud.ts";
import type { Resources } from "./quantity.ts";

/** Pods of one component of a service: its own number, else the service's. */
export function componentReplicas(service: ResolvedService, component: string): number {
  return service.components.find(({ name }) => name === component)?.replicas ?? service.replicas;
}

/** Resources of one component: its own, else the service's, else `usual`. */
export function componentResources(service: ResolvedService, component: string, usual: Resources): Resources {
  return service.components.find(({ name }) => name === component)?.resources ?? service.resources ?? usual;
}
