import { setTimeout as sleep } from "node:timers/promises";

import {
  consoleLog,
  deleteKeypair,
  flavors,
  importKeypair,
  listKeypairs,
  serverAction,
  servers,
  type Server,
} from "../openstack/compute.ts";
import { OpenStackError } from "../openstack/error.ts";
import type { Session } from "../openstack/session.ts";
import { findOrCreate } from "./find.ts";
import { GuestError, part, type GuestReport } from "./report.ts";

/** MiB, processors, GiB: enough for a kernel and a small initial RAM disk. */
const FLAVOR = { ram: 128, vcpus: 1, disk: 1 };

/** Between two looks at a server: nova tells users of nothing, they have to ask. */
const LOOK_EVERY_MS = 500;

export interface GuestKind {
  readonly flavorId: string;
  readonly changed: readonly string[];
}

/** Flavor and keypair: can be made as soon as nova answers. */
export async function ensureGuestKind(
  session: Session,
  wanted: { name: string; publicKey: string },
  report: GuestReport,
): Promise<GuestKind> {
  return part(report, "guest/flavor", async () => {
    const { name, publicKey } = wanted;
    const changed: string[] = [];
    const [flavor] = await Promise.all([
      findOrCreate(session, { kind: "flavor", collection: flavors, name, fields: FLAVOR }, changed),
      ensureKeypair(session, { name, publicKey }, changed),
    ]);
    return { flavorId: flavor.id, changed };
  });
}

async function ensureKeypair(
  session: Session,
  wanted: { name: string; publicKey: string },
  changed: string[],
): Promise<void> {
  const { name, publicKey } = wanted;
  const found = (await listKeypairs(session)).find((keypair) => keypair.name === name);
  if (found !== undefined && sameKey(found.public_key, publicKey)) return;
  if (found !== undefined) await deleteKeypair(session, name);
  await importKeypair(session, name, publicKey);
  changed.push(`${found === undefined ? "imported" : "replaced"} keypair ${name}`);
}

/** The comment behind a key does not count. */
function sameKey(one: string, other: string): boolean {
  return one.trim().split(" ").slice(0, 2).join(" ") === other.trim().split(" ").slice(0, 2).join(" ");
}

export interface GuestServerInput {
  readonly name: string;
  readonly imageId: string;
  readonly flavorId: string;
  readonly portId: string;
  /** Base64 of what the guest reads as its user data. */
  readonly userData?: string;
  /** Seconds until a server that is not ACTIVE counts as failed; default 180. */
  readonly timeoutSeconds?: number;
}

export interface GuestServer {
  readonly serverId: string;
  readonly changed: readonly string[];
}

/**
 * The server, ACTIVE. One in ERROR is deleted and made again once; one that is shut off is started.
 * Throws GuestError with nova's reason when that does not help.
 */
export async function ensureGuestServer(
  session: Session,
  input: GuestServerInput,
  report: GuestReport,
): Promise<GuestServer> {
  return part(report, "guest/server", async () => {
    const changed: string[] = [];
    const known = await ownServers(session, input);
    const server = known ?? (await create(session, input, changed));
    const settled = await settle(session, { server, input, changed });
    if (settled.status === "ACTIVE") return { serverId: server.id, changed };
    await remove(session, settled.id, input);
    changed.push(`removed server ${input.name}, which was in ERROR: ${settled.fault?.message ?? "no reason given"}`);
    report({ part: "guest/server", state: "info", message: changed.at(-1) ?? "" });
    const again = await settle(session, { server: await create(session, input, changed), input, changed });
    if (again.status === "ACTIVE") return { serverId: again.id, changed };
    throw failed(input.name, again);
  });
}

/** The guest's server in this project, if there is one. */
async function ownServers(session: Session, input: GuestServerInput): Promise<Server | undefined> {
  return servers.find(session, input.name, { project_id: (await session.self()).projectId });
}

async function create(session: Session, input: GuestServerInput, changed: string[]): Promise<Server> {
  const { name, imageId, flavorId, portId, userData } = input;
  const made = await servers.create(session, {
    name,
    imageRef: imageId,
    flavorRef: flavorId,
    key_name: name,
    networks: [{ port: portId }],
    ...(userData === undefined ? {} : { user_data: userData }),
  });
  changed.push(`created server ${name}`);
  return made;
}

/** Waits until the server is ACTIVE or ERROR. */
async function settle(
  session: Session,
  wanted: { server: Server; input: GuestServerInput; changed: string[] },
): Promise<Server> {
  const { server, input, changed } = wanted;
  let started = false;
  return look(session, { id: server.id, input, what: "become ACTIVE" }, async (now) => {
    if (now === undefined) throw new GuestError(`server ${input.name} was deleted meanwhile`, "Run it again.");
    const busy = (now["OS-EXT-STS:task_state"] ?? null) !== null;
    if (now.status === "SHUTOFF" && !busy && !started) {
      started = true;
      await serverAction(session, now.id, { "os-start": null });
      changed.push(`started server ${input.name}`);
    }
    return (now.status === "ACTIVE" && !busy) || now.status === "ERROR" ? now : undefined;
  });
}

async function remove(session: Session, id: string, input: GuestServerInput): Promise<void> {
  await servers.delete(session, id);
  await look(session, { id, input, what: "be deleted" }, (now) =>
    Promise.resolve(now === undefined ? true : undefined),
  );
}

/** Asks for the server until `decide` answers, or the time is over. */
async function look<T>(
  session: Session,
  wanted: { id: string; input: GuestServerInput; what: string },
  decide: (now: Server | undefined) => Promise<T | undefined>,
): Promise<T> {
  const { id, input, what } = wanted;
  const end = performance.now() + (input.timeoutSeconds ?? 180) * 1000;
  for (;;) {
    const now = await servers.show(session, id);
    const decided = await decide(now);
    if (decided !== undefined) return decided;
    if (performance.now() > end) {
      const state = `${now?.status ?? "gone"}${now?.["OS-EXT-STS:task_state"] ? `, ${now["OS-EXT-STS:task_state"]}` : ""}`;
      throw new GuestError(
        `server ${input.name} did not ${what} in time (${state})`,
        "Look at `underpin logs nova-compute`.",
      );
    }
    await sleep(LOOK_EVERY_MS);
  }
}

function failed(name: string, server: Server): GuestError {
  const reason = server.fault?.message ?? "nova gives no reason";
  const next = reason.includes("No valid host")
    ? "Look whether `underpin openstack compute service list` and `underpin openstack hypervisor list` show the node up."
    : "Look at `underpin logs nova-compute`.";
  return new GuestError(`server ${name} is in ERROR, made twice: ${reason}`, next);
}

/** The last lines that the guest wrote on its console, for somebody who looks why it does not answer. */
export async function consoleTail(session: Session, serverId: string, lines = 20): Promise<string> {
  try {
    return await consoleLog(session, serverId, lines);
  } catch (error) {
    if (error instanceof OpenStackError) return `(no console: ${error.reason})`;
    throw error;
  }
}
