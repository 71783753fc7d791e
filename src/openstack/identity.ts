import { Collection, type Resource } from "./resource.ts";
import type { Session } from "./session.ts";

export interface Project extends Resource {
  readonly domain_id: string;
}
export interface User extends Resource {
  readonly domain_id: string;
  readonly enabled: boolean;
}
export interface IdentityService extends Resource {
  readonly type: string;
  readonly enabled: boolean;
}
export interface Endpoint {
  readonly id: string;
  readonly service_id: string;
  readonly interface: string;
  readonly region_id: string | null;
  readonly url: string;
  readonly enabled: boolean;
}
interface RoleAssignment {
  readonly role: { readonly id: string };
  readonly user?: { readonly id: string };
}

const service = "identity";
export const projects = new Collection<Project>({ service, path: "/projects", one: "project", many: "projects" });
export const users = new Collection<User>({ service, path: "/users", one: "user", many: "users" });
export const roles = new Collection({ service, path: "/roles", one: "role", many: "roles" });
export const domains = new Collection({ service, path: "/domains", one: "domain", many: "domains" });
export const regions = new Collection<{ id: string }>({ service, path: "/regions", one: "region", many: "regions" });
export const services = new Collection<IdentityService>({
  service,
  path: "/services",
  one: "service",
  many: "services",
});
export const endpoints = new Collection<Endpoint>({ service, path: "/endpoints", one: "endpoint", many: "endpoints" });

/** Ids of the roles that each user has in a project, as `user/role`. */
export async function assignments(session: Session, projectId: string): Promise<Set<string>> {
  const body = await session.json<{ role_assignments: RoleAssignment[] }>({
    service,
    method: "GET",
    path: "/role_assignments",
    query: { "scope.project.id": projectId },
  });
  return new Set(body.role_assignments.map(({ user, role }) => `${user?.id}/${role.id}`));
}

/** Gives a user a role in a project; one that it has already stays. */
export async function assignRole(
  session: Session,
  grant: { project: string; user: string; role: string },
): Promise<void> {
  const path = `/projects/${grant.project}/users/${grant.user}/roles/${grant.role}`;
  await session.request({ service, method: "PUT", path });
}
