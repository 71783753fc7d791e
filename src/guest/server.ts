import { setTimeout as sleep } from "node:timers/promises";

import {
  deleteKeypair,
  flavors,
  importKeypair,
  listKeypairs,
  serverAction,
  servers,
  type Server,
} from "../openstack/compute.ts";
import type { Session } from "../openstack/session.ts";
import { bringServer, isWithoutHost, type Outcome } from "./bring.ts";
import { findOrCreate } from "./find.ts";
import { GuestError, part, type GuestReport } from "./report.ts";

/** MiB, processors, GiB: enough for a kernel and a small initial RAM disk. */
const FLAVOR = { ram: 128, vcpus: 1, disk: 1 };

/** Between two looks at a server: nova tells users of nothing, they have to ask. */
const LOOK_EVERY_MS = 500;
const GONE_AFTER_LOOKS = 4;

const LOGS = "Look at `underpin logs compute`.";

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
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal | undefined;
}

export interface GuestServer {
  readonly serverId: string;
  readonly changed: readonly string[];
}

/**
 * The server, ACTIVE. One that is shut off is started; one that does not come is deleted and made again, see `bringServer`.
 * Throws GuestError with nova's reason when that does not help.
 */
export async function ensureGuestServer(
  session: Session,
  input: GuestServerInput,
  report: GuestReport,
): Promise<GuestServer> {
  return part(report, "guest/server", async () => {
    const changed: string[] = [];
    const brought = await bringServer({
      find: async () => (await ownServer(session, input))?.id,
      create: () => create(session, input, changed),
      settle: (id) => settle(session, { id, input, changed }),
      remove: (id) => remove(session, id, input),
      tell: (outcome) => {
        changed.push(`${outcome.state === "Gone" ? "lost" : "removed"} server ${input.name}, which ${endOf(outcome)}`);
        report({ part: "guest/server", state: "info", message: changed.at(-1) ?? "" });
      },
    });
    if ("id" in brought) return { serverId: brought.id, changed };
    throw failed(input.name, brought.failed, brought.made);
  });
}

/** The guest's server in this project, if there is one. */
async function ownServer(session: Session, input: GuestServerInput): Promise<Server | undefined> {
  return servers.find(session, input.name, { project_id: (await session.self()).projectId });
}

async function create(session: Session, input: GuestServerInput, changed: string[]): Promise<string> {
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
  return made.id;
}

/** Waits until the server is ACTIVE or ERROR, or gone, or its time is over. */
async function settle(
  session: Session,
  wanted: { id: string; input: GuestServerInput; changed: string[] },
): Promise<Outcome> {
  const { id, input, changed } = wanted;
  let started = false;
  let missed = 0;
  return look<Outcome>(session, { id, input }, async (now) => {
    // Between its record as wanted and that in its cell nova shows a server to nobody for a moment.
    missed = now === undefined ? missed + 1 : 0;
    if (now === undefined) return missed > GONE_AFTER_LOOKS ? { state: "Gone" } : undefined;
    const busy = (now["OS-EXT-STS:task_state"] ?? null) !== null;
    if (now.status === "SHUTOFF" && !busy && !started) {
      started = true;
      await serverAction(session, now.id, { "os-start": null });
      changed.push(`started server ${input.name}`);
    }
    if (now.status === "ACTIVE" && !busy) return { state: "Active" };
    if (now.status !== "ERROR") return undefined;
    return now.fault === undefined ? { state: "Error" } : { state: "Error", reason: now.fault.message };
  });
}

async function remove(session: Session, id: string, input: GuestServerInput): Promise<void> {
  await servers.delete(session, id);
  const gone = await look<Outcome>(session, { id, input }, (now) =>
    Promise.resolve(now === undefined ? { state: "Gone" } : undefined),
  );
  if (gone.state === "Stuck")
    throw new GuestError(`server ${input.name} was not deleted in time (${gone.standing})`, LOGS);
}

/** Asks for the server until `decide` answers, or the time is over. */
async function look<T extends Outcome>(
  session: Session,
  wanted: { id: string; input: GuestServerInput },
  decide: (now: Server | undefined) => Promise<T | undefined>,
): Promise<T | Extract<Outcome, { state: "Stuck" }>> {
  const { id, input } = wanted;
  const end = performance.now() + (input.timeoutSeconds ?? 180) * 1000;
  for (;;) {
    input.signal?.throwIfAborted();
    const now = await servers.show(session, id);
    const decided = await decide(now);
    if (decided !== undefined) return decided;
    if (performance.now() > end) {
      const task = now?.["OS-EXT-STS:task_state"] ?? "";
      return { state: "Stuck", standing: `${now?.status ?? "gone"}${task === "" ? "" : `, ${task}`}` };
    }
    await sleep(LOOK_EVERY_MS);
  }
}

/** How a server ended that did not come: `which …`. */
function endOf(outcome: Outcome): string {
  if (outcome.state === "Error") return `was in ERROR: ${outcome.reason?.trim() ?? "nova gives no reason"}`;
  if (outcome.state === "Stuck") return `did not become ACTIVE in time (${outcome.standing})`;
  return "was deleted meanwhile";
}

function failed(name: string, outcome: Outcome, made: number): GuestError {
  const next = isWithoutHost(outcome)
    ? "Look whether `underpin openstack compute service list` and `underpin openstack hypervisor list` show the node up."
    : LOGS;
  return new GuestError(`server ${name}, made ${made === 2 ? "twice" : `${made} times`}, ${endOf(outcome)}`, next);
}
