import {
  assignments,
  assignRole,
  endpoints,
  projects,
  regions,
  roles,
  services,
  users,
  type Endpoint,
  type IdentityService,
} from "./identity.ts";
import { OpenStackError } from "./error.ts";
import type { Collection } from "./resource.ts";
import { Session } from "./session.ts";

/** What keystone should hold; plain data. */
export interface CatalogInput {
  readonly region: string;
  readonly users: readonly CatalogUser[];
  readonly services: readonly CatalogService[];
}

export interface CatalogUser {
  readonly name: string;
  readonly password: string;
  /** Name of its project in the domain `default`, made when it is missing. */
  readonly project: string;
  /** Names of its roles in that project, made when they are missing: `admin` and `service` for a service's user. */
  readonly roles: readonly string[];
}

export interface CatalogService {
  /** `nova` */
  readonly name: string;
  /** `compute` */
  readonly type: string;
  /** Exact URLs. */
  readonly endpoints: { readonly public: string; readonly internal: string };
}

export interface CatalogResult {
  /** One line a change, such as `created user nova`; empty when all was right. */
  readonly changed: readonly string[];
}

const DOMAIN = "default";
const INTERFACES = ["public", "internal"] as const;

/**
 * Makes keystone's projects, roles, users, services and endpoints what `input` says, but for the passwords of users that
 * are there already. Idempotent; may be interrupted anywhere. Removes services of the same name and type, and endpoints
 * of the same service, region and interface, that are there more than once. Leaves alone what `input` does not name.
 * The session needs the role admin. Throws OpenStackError.
 */
export async function ensureCatalog(session: Session, input: CatalogInput): Promise<CatalogResult> {
  const changed: string[] = [];
  const note = (line: string): number => changed.push(line);
  await Promise.all([ensureUsers(session, input.users, note), ensureServices(session, input, note)]);
  return { changed: changed.sort() };
}

/**
 * Sets the passwords of those users that cannot log in with theirs. Each login costs keystone a slow hash, so this is
 * apart from the catalogue, for which others wait. Throws OpenStackError.
 */
export async function ensurePasswords(session: Session, wanted: readonly CatalogUser[]): Promise<CatalogResult> {
  const changed: string[] = [];
  await Promise.all(wanted.map((user) => ensurePassword(session, user, (line) => changed.push(line))));
  return { changed: changed.sort() };
}

type Note = (line: string) => void;

async function ensureUsers(session: Session, wanted: readonly CatalogUser[], note: Note): Promise<void> {
  const [projectIds, roleIds, known] = await Promise.all([
    ensureNamed(session, { kind: "project", collection: projects, names: wanted.map((user) => user.project) }, note),
    ensureNamed(session, { kind: "role", collection: roles, names: wanted.flatMap((user) => user.roles) }, note),
    users.list(session, { domain_id: DOMAIN }),
  ]);
  const granted = Promise.all(
    [...projectIds.values()].map((id) => assignments(session, id).then((set) => [id, set] as const)),
  );
  const made = await Promise.all(
    wanted.map((user) => ensureUser(session, { user, id: known.find(({ name }) => name === user.name)?.id }, note)),
  );
  const held = new Map(await granted);
  const grants = wanted.flatMap((user, index) => {
    const grant = { user: made[index] ?? "", project: projectIds.get(user.project) ?? "" };
    const missing = user.roles.filter(
      (role) => held.get(grant.project)?.has(`${grant.user}/${roleIds.get(role)}`) !== true,
    );
    return missing.map(async (role) => {
      await assignRole(session, { ...grant, role: roleIds.get(role) ?? "" });
      note(`gave user ${user.name} the role ${role} in project ${user.project}`);
    });
  });
  await Promise.all(grants);
}

/** Ids by name of projects or roles; makes what is missing. */
async function ensureNamed(
  session: Session,
  wanted: { kind: "project" | "role"; collection: Collection; names: readonly string[] },
  note: Note,
): Promise<Map<string, string>> {
  const { kind, collection } = wanted;
  const domain = kind === "project" ? { domain_id: DOMAIN } : {};
  const known = new Map((await collection.list(session, domain)).map(({ name, id }) => [name, id]));
  const names = [...new Set(wanted.names)];
  const pairs = names.map(async (name): Promise<[string, string]> => {
    const id = known.get(name);
    if (id !== undefined) return [name, id];
    const made = await collection.create(session, { name, ...domain });
    note(`created ${kind} ${name}`);
    return [name, made.id];
  });
  return new Map(await Promise.all(pairs));
}

async function ensureUser(
  session: Session,
  wanted: { user: CatalogUser; id: string | undefined },
  note: Note,
): Promise<string> {
  if (wanted.id !== undefined) return wanted.id;
  const { name, password } = wanted.user;
  const made = await users.create(session, { name, password, domain_id: DOMAIN });
  note(`created user ${name}`);
  return made.id;
}

/** Keystone does not tell a password: whether it is right shows when the user logs in with it. */
async function ensurePassword(session: Session, wanted: CatalogUser, note: Note): Promise<void> {
  const { name, password, project } = wanted;
  const trial = new Session({
    ...session.options,
    username: name,
    password,
    project,
    userDomain: "Default",
    projectDomain: "Default",
  });
  try {
    await trial.authenticate();
  } catch (error) {
    if (!(error instanceof OpenStackError) || error.status !== 401) throw error;
    const known = (await users.list(session, { domain_id: DOMAIN, name }))[0];
    if (known === undefined) throw error;
    await users.update(session, known.id, { password, enabled: true });
    note(`set the password of user ${name}`);
  } finally {
    await trial.close();
  }
}

async function ensureServices(session: Session, input: CatalogInput, note: Note): Promise<void> {
  const [knownServices, knownEndpoints] = await Promise.all([
    services.list(session),
    endpoints.list(session),
    ensureRegion(session, input.region, note),
  ]);
  await Promise.all(
    input.services.map(async (wanted) => {
      const same = knownServices.filter(({ name, type }) => name === wanted.name && type === wanted.type);
      const id = await ensureService(session, { wanted, same, knownEndpoints }, note);
      const own = knownEndpoints.filter(
        (endpoint) => endpoint.service_id === id && endpoint.region_id === input.region,
      );
      await ensureEndpoints(session, { wanted, id, region: input.region, own }, note);
    }),
  );
}

async function ensureRegion(session: Session, id: string, note: Note): Promise<void> {
  if ((await regions.show(session, id)) !== undefined) return;
  await regions.create(session, { id });
  note(`created region ${id}`);
}

/** Returns the id of the one service; of several it keeps the one with most endpoints. */
async function ensureService(
  session: Session,
  found: { wanted: CatalogService; same: readonly IdentityService[]; knownEndpoints: readonly Endpoint[] },
  note: Note,
): Promise<string> {
  const { name, type } = found.wanted;
  const count = (id: string): number => found.knownEndpoints.filter((endpoint) => endpoint.service_id === id).length;
  const [keep, ...extra] = found.same.toSorted((a, b) => count(b.id) - count(a.id) || (a.id < b.id ? -1 : 1));
  if (keep === undefined) {
    const made = await services.create(session, { name, type });
    note(`created service ${name}`);
    return made.id;
  }
  await Promise.all(extra.map(({ id }) => services.delete(session, id)));
  if (extra.length > 0) note(`removed ${extra.length} duplicates of service ${name}`);
  return keep.id;
}

async function ensureEndpoints(
  session: Session,
  found: { wanted: CatalogService; id: string; region: string; own: readonly Endpoint[] },
  note: Note,
): Promise<void> {
  const work = INTERFACES.map(async (kind) => {
    const url = found.wanted.endpoints[kind];
    const label = `${kind} endpoint of ${found.wanted.name}`;
    const [keep, ...extra] = found.own
      .filter((endpoint) => endpoint.interface === kind)
      .toSorted((a, b) => Number(b.url === url) - Number(a.url === url) || (a.id < b.id ? -1 : 1));
    if (keep === undefined) {
      await endpoints.create(session, { service_id: found.id, interface: kind, region_id: found.region, url });
      note(`created the ${label}`);
    } else if (keep.url !== url || !keep.enabled) {
      await endpoints.update(session, keep.id, { url, enabled: true });
      note(`changed the ${label} to ${url}`);
    }
    await Promise.all(extra.map(({ id }) => endpoints.delete(session, id)));
    if (extra.length > 0) note(`removed ${extra.length} duplicates of the ${label}`);
  });
  await Promise.all(work);
}
