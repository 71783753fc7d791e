import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { isMissing, readIfThere } from "./files.ts";

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start in clock ticks since boot, from /proc/PID/stat. */
  readonly start: string;
  readonly boot: string;
}

/** Identity of a live process; undefined when there is none. */
export async function identify(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readIfThere(`/proc/${pid}/stat`).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (stat === undefined) return undefined;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return undefined;
  return { pid, start: fields[19] ?? "", boot: await bootId() };
}

/** True while exactly this process lives. */
export async function isAlive(known: ProcessIdentity): Promise<boolean> {
  const now = await identify(known.pid);
  return now !== undefined && now.start === known.start && now.boot === known.boot;
}

/** The kernel's id of this boot of the machine. */
export async function bootId(): Promise<string> {
  return (await readFile("/proc/sys/kernel/random/boot_id", "utf8")).trim();
}

/** Direct children of a process's main thread. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await readIfThere(`/proc/${pid}/task/${pid}/children`);
  return (text ?? "").split(" ").filter(Boolean).map(Number);
}

/** Sends a signal; a process that has gone already is no failure. Returns whether it was there. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** How long is waited for something. */
export interface Patience {
  readonly timeoutMs: number;
  /** Milliseconds between two questions; default 20. */
  readonly everyMs?: number;
  /** Ends the waiting early when it says that what is waited for cannot come any more. */
  readonly hopeless?: () => Promise<boolean>;
}

/** Asks again and again until `ready`; false when the time is over or it is hopeless. For facts that the kernel does not announce. */
export async function until(ready: () => Promise<boolean>, patience: Patience): Promise<boolean> {
  const { timeoutMs, everyMs = 20, hopeless } = patience;
  for (const end = performance.now() + timeoutMs; performance.now() < end; await sleep(everyMs)) {
    if (await ready()) return true;
    if ((await hopeless?.()) === true) return false;
  }
  return ready();
}
