import { openstackServices } from "../environment.ts";

/** All OpenStack services and the client of release 2025.1 in one Python environment: one layer that all pods share. */
export const image = openstackServices("2025.1", "openstack");
