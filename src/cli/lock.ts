import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { dirname, resolve } from "node:path";
import { CliError, EXIT } from "./errors.ts";

/** Who holds the lock, as the lock file says. */
export interface LockHolder {
  readonly pid: number;
  /** When it was taken, ISO 8601. */
  readonly since: string;
  readonly command: string;
}

/**
 * Runs `work` while no other command changes anything under the same state folder. The lock itself is a name in the
 * kernel that goes with its process, however that ends; the file beside it tells who holds it. Throws CliError (exit
 * code 3) when another holds it.
 */
export async function withLock<T>(path: string, command: string, work: () => Promise<T>): Promise<T> {
  const server = await take(path);
  if (server === undefined) throw await locked(path);
  try {
    await writeHolder(path, { pid: process.pid, since: new Date().toISOString(), command });
    try {
      return await work();
    } finally {
      await removeHolder(path);
    }
  } finally {
    server.close();
  }
}

/** Removes the holder's file; a state folder in which nothing is left (after `down --purge`) goes too. */
async function removeHolder(path: string): Promise<void> {
  await rm(path, { force: true });
  await rmdir(dirname(path)).catch((error: NodeJS.ErrnoException) => {
    if (!["ENOTEMPTY", "EEXIST", "ENOENT", "EBUSY", "EACCES"].includes(error.code ?? "")) throw error;
  });
}

async function writeHolder(path: string, holder: LockHolder): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    await writeFile(path, `${JSON.stringify(holder)}\n`, { mode: 0o644 });
  } catch (cause) {
    throw new CliError(
      `The folder ${dirname(path)} cannot be written to`,
      "Run the command as root, for example with sudo; or set UNDERPIN_STATE to another folder.",
      { exitCode: EXIT.usage, cause },
    );
  }
}

/** The abstract socket of a lock file: no file, so that nothing is left behind by a killed process. */
function socketName(path: string): string {
  return `\0underpin-${createHash("sha256").update(resolve(path)).digest("hex").slice(0, 32)}`;
}

/** The lock, or undefined when another process has it. */
async function take(path: string): Promise<Server | undefined> {
  const server = createServer((socket) => socket.destroy());
  server.listen(socketName(path));
  try {
    await once(server, "listening");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") return undefined;
    throw error;
  }
  server.unref();
  return server;
}

async function locked(path: string): Promise<CliError> {
  const holder = await readHolder(path);
  const who =
    holder === undefined ? "Another command" : `\`${holder.command}\` (process ${holder.pid}, since ${holder.since})`;
  const wait = holder === undefined ? "" : `, or end process ${holder.pid}`;
  return new CliError(
    `${who} is at work on this machine; two at once would get into each other's way`,
    `Wait until it is done${wait}.`,
    {
      exitCode: EXIT.locked,
    },
  );
}

/** Who holds the lock, or undefined when the file is not there or not whole yet. */
export async function readHolder(path: string): Promise<LockHolder | undefined> {
  const text = await readFile(path, "utf8").catch(() => "");
  try {
    return JSON.parse(text) as LockHolder;
  } catch {
    return undefined; // just taken: the holder has not written yet
  }
}
