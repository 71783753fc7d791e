import { setTimeout as sleep } from "node:timers/promises";

/** What became of a server that was waited for. */
export type Outcome =
  | { readonly state: "Active" }
  /** nova gave up, with its reason where it tells one. */
  | { readonly state: "Error"; readonly reason?: string }
  /** Neither of both in time: `standing` is how nova shows it. What was to build it may have died with the message. */
  | { readonly state: "Stuck"; readonly standing: string }
  /** Somebody deleted it, or its deletion had begun before. */
  | { readonly state: "Gone" };

/** What is done to one server, by its id. */
export interface ServerDoors {
  /** The one of this name that is there already. */
  readonly find: () => Promise<string | undefined>;
  readonly create: () => Promise<string>;
  readonly settle: (id: string) => Promise<Outcome>;
  readonly remove: (id: string) => Promise<void>;
  /** Told of each server that did not come, before another one is made. */
  readonly tell: (outcome: Outcome) => void;
}

export interface Patience {
  /** Milliseconds from the beginning for which another server is made when no node that has room for it is up. */
  readonly noHostMs: number;
  /** Milliseconds before the third server and each later one. */
  readonly pauseMs: number;
}

/**
 * A node that comes back is not there for the scheduler until nova-compute has said so, while an older word of it counts for a
 * minute: two minutes are enough for a node that starts, and short for who waits in vain.
 */
const PATIENCE: Patience = { noHostMs: 120_000, pauseMs: 5_000 };

/** The server's id once it is ACTIVE, or how the last one ended. */
export type Brought = { readonly id: string } | { readonly failed: Outcome; readonly made: number };

/**
 * Brings one server to ACTIVE: one that does not come is removed and made again once, and as long as the patience lasts when no
 * node with room for it was up. The last one that did not come is left for who looks why.
 */
export async function bringServer(doors: ServerDoors, patience: Patience = PATIENCE): Promise<Brought> {
  const start = performance.now();
  for (let made = 1; ; made += 1) {
    const id = (await doors.find()) ?? (await doors.create());
    const outcome = await doors.settle(id);
    if (outcome.state === "Active") return { id };
    const waits = waitsForHost(outcome) && performance.now() - start < patience.noHostMs;
    if (made >= 2 && !waits) return { failed: outcome, made };
    if (outcome.state !== "Gone") await doors.remove(id);
    doors.tell(outcome);
    if (made >= 2) await sleep(patience.pauseMs);
  }
}

/** nova's scheduler found no node: none has the room, or none of those that have it is up (nova/exception.py, NoValidHost). */
export function isWithoutHost(outcome: Outcome): boolean {
  return outcome.state === "Error" && outcome.reason?.includes("No valid host") === true;
}

/** There are nodes with room for it, and the scheduler's filters left none of them: in general since none is up yet. */
function waitsForHost(outcome: Outcome): boolean {
  return isWithoutHost(outcome) && outcome.state === "Error" && outcome.reason?.includes("not enough hosts") === true;
}
