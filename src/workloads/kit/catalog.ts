import { existsSync, readdirSync } from "node:fs";
import type { BuildInput } from "../contract.ts";
import { internalUrl, publicUrl } from "./addresses.ts";

/**
 * What a service adds to keystone's catalogue: the export `entry` of the `catalog.ts` beside its workload.
 * Such a workload has a step `<service>/answers`, done when its API answers through the gateway: the witness waits for it.
 */
export interface CatalogEntry {
  /** Type of the service: `compute`. */
  readonly type: string;
  /** Path of its API behind the gateway, with the version where clients expect one: `/compute/v2.1`. */
  readonly path: string;
  /** Whether it has a user of its own, named as the service, with its password in the credential `<service>-user`. */
  readonly user: boolean;
}

/** Input of the call `keystone-catalog`: each user names the credential that holds its password under the key `password`. */
export type CatalogRequest = {
  readonly region: string;
  readonly services: readonly CatalogServiceRequest[];
  readonly users: readonly CatalogUserRequest[];
};

export interface CatalogServiceRequest {
  readonly name: string;
  readonly type: string;
  readonly endpoints: { readonly public: string; readonly internal: string };
}

export interface CatalogUserRequest {
  readonly name: string;
  readonly credential: string;
  readonly project: string;
  readonly roles: readonly string[];
}

/** The steady client's user, in a project of its own, with nothing but an ordinary user's rights. */
export const WITNESS_USER: CatalogUserRequest = {
  name: "witness",
  credential: "witness-user",
  project: "underpin-witness",
  roles: ["member"],
};

const ENTRIES = await loadEntries(new URL("../", import.meta.url));

/** What keystone should hold for the services that are enabled, in order of name. */
export function catalogInput(input: BuildInput): CatalogRequest {
  const enabled = [...ENTRIES].filter(([name]) => input.cloud.spec.services[name]?.enabled === true);
  return {
    region: input.cloud.spec.region,
    services: enabled.map(([name, { type, path }]) => ({ name, type, endpoints: endpointsOf(input, path) })),
    users: [...enabled.filter(([, { user }]) => user).map(([name]) => serviceUser(name)), WITNESS_USER],
  };
}

/** Both URLs of the API at `path`. */
export function endpointsOf(input: BuildInput, path: string): CatalogServiceRequest["endpoints"] {
  return { public: publicUrl(input, path), internal: internalUrl(input, path) };
}

function serviceUser(name: string): CatalogUserRequest {
  return { name, credential: `${name}-user`, project: "service", roles: ["admin", "service"] };
}

/** The entries of all folders that have one. */
async function loadEntries(root: URL): Promise<ReadonlyMap<string, CatalogEntry>> {
  const names = readdirSync(root, { withFileTypes: true })
    .filter(
      (folder) =>
        folder.isDirectory() && folder.name !== "kit" && existsSync(new URL(`${folder.name}/catalog.ts`, root)),
    )
    .map(({ name }) => name)
    .sort();
  const modules = names.map(async (name): Promise<[string, CatalogEntry]> => {
    const module = (await import(new URL(`${name}/catalog.ts`, root).href)) as { readonly entry: CatalogEntry };
    return [name, module.entry];
  });
  return new Map(await Promise.all(modules));
}
