import { openstackServices } from "../environment.ts";

/** The services of release 2026.1. No cloud runs them yet: the image is there to read their options from. */
export const image = { ...openstackServices("2026.1", "openstack-2026-1"), onDemand: true };
