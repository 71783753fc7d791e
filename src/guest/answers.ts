import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { GuestError } from "./report.ts";

/** Runs a program; rejects when it ends with another code than 0. */
export type RunProgram = (file: string, args: readonly string[]) => Promise<unknown>;

export interface AnswersOptions {
  /** Without it, ping is left out. */
  readonly run?: RunProgram;
  /** false: ping alone. */
  readonly ssh?: boolean;
  /** Seconds for each of the two; default 60. */
  readonly timeoutSeconds?: number;
  /** Ends the waiting with its reason. */
  readonly signal?: AbortSignal;
}

export interface Answered {
  /** Seconds from the call until ping was answered. */
  readonly pingSeconds?: number;
  /** Seconds from the call until the SSH server named itself. */
  readonly sshSeconds?: number;
  /** What the SSH server says of itself: `SSH-2.0-dropbear`. */
  readonly banner?: string;
}

/** Waits until the address answers ping and its SSH server names itself. Throws GuestError. */
export async function answers(address: string, options: AnswersOptions = {}): Promise<Answered> {
  const start = performance.now();
  const since = (): number => Math.round((performance.now() - start) / 10) / 100;
  const { run, ssh = true, timeoutSeconds = 60, signal } = options;
  const wanted = { address, timeoutSeconds, signal };
  const pinged = run === undefined ? undefined : await until({ ...wanted, what: "ping" }, () => pings(run, address));
  const pingSeconds = pinged === undefined ? {} : { pingSeconds: since() };
  if (!ssh) return pingSeconds;
  const banner = await until({ ...wanted, what: "ssh" }, () => sshBanner(address));
  return { ...pingSeconds, sshSeconds: since(), banner };
}

/** One ping, answered within a second. */
async function pings(run: RunProgram, address: string): Promise<true | undefined> {
  try {
    await run("ping", ["-n", "-q", "-c", "1", "-W", "1", address]);
    return true;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === 1 || code === 2) return undefined; // no answer, or no route to it yet
    throw new GuestError("the program ping cannot be run", "Install iputils-ping.", { cause: error });
  }
}

/** What an SSH server says first, or undefined when there is none within two seconds. */
export function sshBanner(address: string, port = 22): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port, timeout: 2000 });
    let heard = "";
    const end = (banner: string | undefined): void => {
      socket.destroy();
      resolve(banner);
    };
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      heard += chunk;
      const banner = /^(SSH-[^\r\n]*)\r?\n/m.exec(heard)?.[1];
      if (banner !== undefined || heard.length > 4096) end(banner);
    });
    socket.on("timeout", () => end(undefined));
    socket.on("error", () => end(undefined)); // refused or unreachable: not yet
    socket.on("close", () => end(undefined));
  });
}

async function until<T>(
  wanted: { what: string; address: string; timeoutSeconds: number; signal: AbortSignal | undefined },
  attempt: () => Promise<T | undefined>,
): Promise<T> {
  const end = performance.now() + wanted.timeoutSeconds * 1000;
  for (;;) {
    wanted.signal?.throwIfAborted();
    const found = await attempt();
    if (found !== undefined) return found;
    if (performance.now() > end) {
      const message = `${wanted.address} does not answer ${wanted.what} after ${wanted.timeoutSeconds} s`;
      throw new GuestError(message, "Look at the guest's console: `underpin openstack console log show hello`.");
    }
    await sleep(200);
  }
}
