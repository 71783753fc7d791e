import { link, mkdir, open, readdir, readFile, rm, statfs, unlink } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { ContentStore } from "../host/store.ts";

/** No space where images are built. */
export class NoSpaceError extends Error {
  readonly next = "Free some, or point UNDERPIN_CACHE at a larger disk. Then run the same command again.";
  constructor(folder: string, needed: string) {
    super(`no space left in ${folder} to build images: ${needed}; nothing half made was kept`);
    this.name = "NoSpaceError";
  }
}

/** Kinds of store entries that the builder makes. */
export const KINDS = { image: "image", directory: "tree" } as const;

/** Folders of the builder below the cache: shared downloads, and one work folder for the process that builds. */
export interface Workspace extends AsyncDisposable {
  readonly debs: string;
  readonly lists: string;
  readonly uv: string;
  readonly work: string;
}

/**
 * Waits until no other process builds, and removes what one that was killed left: only folders, since its mounts and
 * programs lived in namespaces that ended with it.
 */
export async function openWorkspace(
  cacheDir: string,
  store: ContentStore,
  onWait: (holder: number) => void,
): Promise<Workspace> {
  const root = join(cacheDir, "images");
  await mkdir(root, { recursive: true, mode: 0o755 });
  const lock = join(root, "lock");
  await takeLock(lock, onWait);
  const work = join(root, "work");
  await rm(work, { recursive: true, force: true });
  for (const kind of Object.values(KINDS)) await removeHalfMade(join(store.root, kind));
  const folders = { debs: join(root, "debs"), lists: join(root, "lists"), uv: join(root, "uv"), work };
  for (const folder of Object.values(folders)) await mkdir(folder, { recursive: true, mode: 0o755 });
  return {
    ...folders,
    [Symbol.asyncDispose]: async () => {
      await rm(work, { recursive: true, force: true });
      await unlink(lock);
    },
  };
}

async function takeLock(path: string, onWait: (holder: number) => void): Promise<void> {
  for (let told = false; ;) {
    try {
      const file = await open(path, "wx");
      await file.writeFile(`${process.pid} ${await startTime(process.pid)}`);
      await file.close();
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
    const [pid = "", started = ""] = (await readFile(path, "utf8").catch(() => "")).split(" ");
    if (started !== "" && (await startTime(Number(pid))) !== started)
      await unlink(path).catch(() => undefined); // another may have been faster
    else if (!told) {
      told = true;
      onWait(Number(pid));
    }
    await sleep(200);
  }
}

/** Clock ticks after boot at which the process began: with its number it names a process for good. Empty when there is none. */
async function startTime(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return text.slice(text.lastIndexOf(")") + 2).split(" ")[19] ?? "";
}

async function removeHalfMade(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [] as string[]); // nothing was built yet
  for (const name of names.filter((entry) => entry.startsWith(".making-")))
    await rm(join(folder, name), { recursive: true, force: true });
}

/** Throws NoSpaceError when `folder` has less than `bytes` free. */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const mib = (value: number): string => `${Math.round(value / 2 ** 20)} MiB`;
  if (free < bytes) throw new NoSpaceError(folder, `${mib(free)} are free, about ${mib(bytes)} are needed`);
}

/** Gives `to` the files of `from` that it lacks, without copying. */
export async function shareFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o755 });
  const have = new Set(await readdir(to));
  const entries = await readdir(from, { withFileTypes: true });
  for (const { name } of entries.filter(
    (entry) => entry.isFile() && entry.name.endsWith(".deb") && !have.has(entry.name),
  ))
    await link(join(from, name), join(to, name)).catch(ignoreExisting);
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
