import { Collection, type Resource } from "./resource.ts";
import type { Session } from "./session.ts";

export interface Flavor extends Resource {
  /** MiB. */
  readonly ram: number;
  readonly vcpus: number;
  /** GiB. */
  readonly disk: number;
}
export interface Server extends Resource {
  /** `BUILD`, `ACTIVE`, `SHUTOFF`, `ERROR`, … */
  readonly status: string;
  readonly "OS-EXT-STS:task_state"?: string | null;
  readonly "OS-EXT-SRV-ATTR:host"?: string | null;
  readonly fault?: { readonly message: string; readonly code: number; readonly details?: string };
  readonly addresses: Readonly<
    Record<string, readonly { readonly addr: string; readonly "OS-EXT-IPS:type": string }[]>
  >;
  readonly created: string;
}
export interface Keypair {
  readonly name: string;
  readonly fingerprint: string;
  readonly public_key: string;
}
export interface ComputeService {
  readonly id: string;
  readonly binary: string;
  readonly host: string;
  readonly status: "enabled" | "disabled";
  readonly state: "up" | "down";
  /** When it last said that it is alive; UTC, without a zone. */
  readonly updated_at: string | null;
}
export interface HypervisorInfo {
  readonly id: string;
  readonly hypervisor_hostname: string;
  readonly state: "up" | "down";
  readonly status: "enabled" | "disabled";
  /** With `with_servers`: its guests. */
  readonly servers?: readonly { readonly uuid: string; readonly name: string }[];
}

const service = "compute";
export const flavors = new Collection<Flavor>({
  service,
  path: "/flavors",
  listPath: "/flavors/detail",
  one: "flavor",
  byName: false,
  many: "flavors",
});
/** `list` and `find` give whole servers; `find` by name matches exactly. */
export const servers = new Collection<Server>({
  service,
  path: "/servers",
  listPath: "/servers/detail",
  one: "server",
  many: "servers",
  update: "PUT",
});
export const computeServices = new Collection<ComputeService>({
  service,
  path: "/os-services",
  one: "service",
  many: "services",
});
export const hypervisors = new Collection<HypervisorInfo>({
  service,
  path: "/os-hypervisors",
  listPath: "/os-hypervisors/detail",
  one: "hypervisor",
  many: "hypervisors",
});

export async function listKeypairs(session: Session): Promise<Keypair[]> {
  const body = await session.json<{ keypairs: { keypair: Keypair }[] }>({
    service,
    method: "GET",
    path: "/os-keypairs",
  });
  return body.keypairs.map(({ keypair }) => keypair);
}

/** Keeps a public key (one line of OpenSSH) under a name of the session's user. */
export async function importKeypair(session: Session, name: string, publicKey: string): Promise<Keypair> {
  const json = { keypair: { name, type: "ssh", public_key: publicKey } };
  return (await session.json<{ keypair: Keypair }>({ service, method: "POST", path: "/os-keypairs", json })).keypair;
}

/** Keypairs go by name, not by id. */
const keypairs = new Collection<{ id: string }>({ service, path: "/os-keypairs", one: "keypair", many: "keypairs" });
export async function deleteKeypair(session: Session, name: string): Promise<void> {
  await keypairs.delete(session, name);
}

/** The last lines of what the guest wrote on its serial console. */
export async function consoleLog(session: Session, id: string, lines?: number): Promise<string> {
  const action = lines === undefined ? {} : { length: lines };
  return (await serverAction<{ output: string }>(session, id, { "os-getConsoleOutput": action })).output;
}

/** Starts a snapshot; returns the image's id. Its progress shows in the image's status. */
export async function createServerImage(session: Session, id: string, name: string): Promise<string> {
  return (await serverAction<{ image_id: string }>(session, id, { createImage: { name } })).image_id;
}

/** `os-start`, `os-stop`, `reboot`, …: the action's name with its arguments. */
export async function serverAction<T>(
  session: Session,
  id: string,
  action: Readonly<Record<string, unknown>>,
): Promise<T> {
  return session.json<T>({ service, method: "POST", path: `/servers/${id}/action`, json: action });
}
