import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { contentHash } from "../content/canonical.ts";
import type { ContentStore } from "../host/store.ts";
import type { Exec } from "../host/exec.ts";
import type { Binaries } from "./binaries.ts";
import { importImages } from "./containerd.ts";
import { reasonOf, UnderlayError } from "./errors.ts";
import type { ImageFile } from "./images.ts";
import { socketAnswers } from "./sockets.ts";
import { VERSIONS } from "./versions.ts";

/**
 * A seed is a containerd folder with a set of images, imported and unpacked once. A node that starts from it imports
 * nothing: it copies two small databases and mounts the rest, read-only. Entries of the store would be too slow here:
 * a seed has tens of thousands of files, so its name alone says that it was made whole.
 */
export interface SeedOptions {
  readonly store: ContentStore;
  readonly binaries: Binaries;
  readonly images: readonly ImageFile[];
  readonly exec: Exec;
}

const METADATA = "io.containerd.metadata.v1.bolt";
const CONTENT = "io.containerd.content.v1.content";
const SNAPSHOTS = "io.containerd.snapshotter.v1.overlayfs";

/** The seed of exactly these images, if it was made before. */
export async function findSeed(store: ContentStore, images: readonly ImageFile[]): Promise<string | undefined> {
  const folder = seedPath(store, images);
  return (await isFolder(folder)) ? folder : undefined;
}

/** Makes the seed of these images, unless it is there; seconds to a minute of work. Returns its folder. */
export async function ensureSeed(options: SeedOptions): Promise<string> {
  const folder = seedPath(options.store, options.images);
  if (await isFolder(folder)) return folder;
  await mkdir(dirname(folder), { recursive: true, mode: 0o755 });
  const work = await mkdtemp(join(dirname(folder), `.making-${basename(folder)}-`));
  // Sockets have short names only, and a cache folder may have a long one.
  const run = await mkdtemp("/run/underpin-seed-");
  try {
    await fill(options, work, run);
    await rename(work, folder);
    await prune(dirname(folder));
  } catch (error) {
    if (await isFolder(folder)) return folder; // another run was faster
    throw new UnderlayError(
      `The images could not be unpacked beforehand: ${reasonOf(error)}`,
      "Is the disk full?",
      error,
    );
  } finally {
    await rm(run, { recursive: true, force: true });
    await rm(work, { recursive: true, force: true });
  }
  return folder;
}

/** Seeds that are kept besides those in use: each is gigabytes, but switching back to one should cost nothing. */
const KEPT = 3;

/** Removes the seeds that were planted longest ago, unless a node runs from one (its mounts show it). */
async function prune(kind: string): Promise<void> {
  const names = (await readdir(kind)).filter((name) => name.startsWith("containerd-"));
  const seeds = await Promise.all(names.map(async (name) => ({ name, used: (await stat(join(kind, name))).mtimeMs })));
  for (const { name } of seeds.toSorted((a, b) => b.used - a.used).slice(KEPT)) {
    if (!(await mountedAnywhere(`/${basename(kind)}/${name}/`))) {
      await rm(join(kind, name), { recursive: true, force: true });
    }
  }
}

async function mountedAnywhere(part: string): Promise<boolean> {
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const mounts = await readFile(`/proc/${pid}/mountinfo`, "utf8").catch(() => ""); // ended meanwhile
    if (mounts.includes(part)) return true;
  }
  return false;
}

/** Puts a seed's databases and mount points into a node's containerd folder, which must be empty. The mounts are made by the node itself. */
export async function plantSeed(seed: string, containerd: string): Promise<void> {
  const now = new Date();
  await utimes(seed, now, now);
  for (const part of [METADATA, SNAPSHOTS]) await mkdir(join(containerd, part), { recursive: true, mode: 0o700 });
  await mkdir(join(containerd, CONTENT), { recursive: true, mode: 0o711 });
  await copyFile(join(seed, METADATA, "meta.db"), join(containerd, METADATA, "meta.db"));
  await copyFile(join(seed, SNAPSHOTS, "metadata.db"), join(containerd, SNAPSHOTS, "metadata.db"));
  await mkdir(join(containerd, SNAPSHOTS, "snapshots"), { recursive: true, mode: 0o700 });
  for (const id of await readdir(join(seed, SNAPSHOTS, "snapshots")))
    await mkdir(join(containerd, SNAPSHOTS, "snapshots", id), { mode: 0o700 });
}

function seedPath(store: ContentStore, images: readonly ImageFile[]): string {
  const hash = contentHash({ containerd: VERSIONS.containerd, files: images.map(({ file }) => file).toSorted() });
  return store.path({ kind: "seeds", name: "containerd", hash });
}

async function fill(options: SeedOptions, work: string, run: string): Promise<void> {
  const socket = join(run, "c.sock");
  const config = join(run, "config.toml");
  await writeFile(config, configuration(work, run, socket));
  const script = fileURLToPath(new URL("./node/seed.sh", import.meta.url));
  const child = spawn("/bin/sh", [script, join(options.binaries.bin, "containerd"), config], {
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  const ended = once(child, "exit");
  try {
    if (!(await socketAnswers(socket, { timeoutMs: 20_000 }))) throw new Error("containerd did not start");
    await importImages({ exec: options.exec, bin: options.binaries.bin, socket }, options.images);
  } finally {
    stop(child);
    await ended;
  }
}

/** Closing its input ends it; so does our own death, so that none is left behind. */
function stop(child: ChildProcess): void {
  child.stdin?.on("error", () => undefined);
  child.stdin?.end();
}

function configuration(root: string, run: string, socket: string): string {
  return `version = 3
root = ${JSON.stringify(root)}
state = ${JSON.stringify(join(run, "state"))}
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"]
[grpc]
  address = ${JSON.stringify(socket)}
[ttrpc]
  address = ${JSON.stringify(`${socket}.ttrpc`)}
`;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() === true;
}
