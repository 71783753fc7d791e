import { WITNESS_USER, type CatalogUserRequest } from "../kit/catalog.ts";

/** The second user: writes what a member of a project may not, which is placement's traits. */
export const SERVICE_USER: CatalogUserRequest = {
  name: "witness-service",
  credential: "witness-service-user",
  project: WITNESS_USER.project,
  roles: ["service"],
};
