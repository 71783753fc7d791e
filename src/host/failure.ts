import { statfs } from "node:fs/promises";

/** Why a program failed, as far as its user can see to it. */
export type Cause = "network" | "disk";

const DISK = /no space left on device|ENOSPC|disk quota exceeded|disk full/i;
/** As Go, apt, curl, npm, pip and uv put it, and mmdebstrap, which does not say why apt could not update. */
const NETWORK =
  /network is unreachable|no route to host|connection (refused|timed out|reset)|could not (connect|resolve)|no such host|temporary failure (in name resolution|resolving)|i\/o timeout|tls handshake timeout|unable to connect|dns error|error sending request|failed to (fetch|connect)|enotfound|econnrefused|etimedout|eai_again|apt-get update .*failed/i;

/** What a program's output says of why it failed; undefined when it is neither of these. */
export function causeOf(output: string): Cause | undefined {
  if (DISK.test(output)) return "disk";
  return NETWORK.test(output) ? "network" : undefined;
}

/** The last lines of an output, or of those in it that name the cause; each once, and cut where they are very long. */
export function lastLines(output: string, count: number, cause?: Cause): string[] {
  const lines = output.split("\n").map((line) => line.trimEnd());
  const wanted = lines.filter((line) => line !== "" && (cause === undefined || causeOf(line) === cause));
  const told = [...new Set(wanted)].slice(-count);
  return told.map((line) => (line.length > 300 ? `${line.slice(0, 297)}...` : line));
}

/** Bytes below which a build on a disk cannot go on. */
const FULL = 16 * 2 ** 20;

/** Whether the disk of this folder has no room left for a build. */
export async function isFull(folder: string): Promise<boolean> {
  const disk = await statfs(folder).catch(() => undefined); // not made yet: nothing was built there
  return disk !== undefined && disk.bavail * disk.bsize < FULL;
}
