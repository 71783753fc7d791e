import { type CatalogInput, type CatalogUser, ensureCatalog, ensurePasswords } from "../openstack/catalog.ts";
import { computeServices, hypervisors } from "../openstack/compute.ts";
import { listResourceProviders } from "../openstack/placement.ts";
import type { Session } from "../openstack/session.ts";
import type { CallActions } from "./call-runner.ts";

/** A user as a workload names it: the password stays in its Secret. */
interface UserRequest extends Omit<CatalogUser, "password"> {
  readonly credential: string;
}

export interface ActionPorts {
  /** The administrator's session, through the gateway. */
  session(): Promise<Session>;
  /** Value of a generated credential. */
  credential(name: string, key: string): string;
}

/** The calls that steps may name, each idempotent. */
export function openstackActions(ports: ActionPorts): Omit<CallActions, "reload-pods"> {
  const withPasswords = (users: readonly UserRequest[]): CatalogUser[] =>
    users.map(({ credential, ...user }) => ({ ...user, password: ports.credential(credential, "password") }));
  return {
    "api-answers": async (input) => {
      const session = await ports.session();
      const service = text(input, "service");
      // A token proves keystone, its database and its keys at once.
      if (service === "identity") await session.authenticate();
      else await session.request({ service, method: "GET", path: text(input, "path") });
    },
    "keystone-catalog": async (input) => {
      const { users, ...rest } = input as unknown as Omit<CatalogInput, "users"> & { users: readonly UserRequest[] };
      const session = await ports.session();
      await ensureCatalog(session, { ...rest, users: withPasswords(users) });
      // The token that is held knows the catalogue of before.
      await session.authenticate();
    },
    "keystone-passwords": async (input) => {
      await ensurePasswords(await ports.session(), withPasswords(input["users"] as readonly UserRequest[]));
    },
    "compute-mapped": async (input) => {
      await computeMapped(await ports.session(), input["hosts"] as readonly string[]);
    },
  };
}

/** Throws until every host's nova-compute is up, has its resource provider, and is mapped to its cell. */
async function computeMapped(session: Session, hosts: readonly string[]): Promise<void> {
  const [services, providers, mapped] = await Promise.all([
    computeServices.list(session, { binary: "nova-compute" }),
    listResourceProviders(session),
    hypervisors.list(session),
  ]);
  for (const host of hosts) {
    if (services.find((service) => service.host === host)?.state !== "up")
      throw new Error(`nova-compute on ${host} is not up yet`);
    if (!providers.some(({ name }) => name === host))
      throw new Error(`${host} has no resource provider in placement yet`);
    // The hypervisors' list goes through the host mappings of the cells: what is in it is mapped.
    if (!mapped.some((hypervisor) => hypervisor.hypervisor_hostname === host))
      throw new Error(`${host} is not mapped to its cell yet`);
  }
}

function text(input: Readonly<Record<string, unknown>>, field: string): string {
  const value = input[field];
  if (typeof value !== "string") throw new TypeError(`the step's input has no ${field}`);
  return value;
}
