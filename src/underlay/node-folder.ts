import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { isMissing, readIfThere, writeAtomic } from "./files.ts";
import type { NodeContext, NodePrograms } from "./node-types.ts";
import { nodeFiles, type NodeFile } from "./node-files.ts";
import { plantSeed } from "./seed.ts";

/** Makes the folder of a node ready for its start: its files, its /var, its containerd. */
export async function prepareFolder(context: NodeContext, { rootfs, seed }: NodePrograms): Promise<void> {
  const { folder } = context;
  for (const name of ["lower", "upper", "root"]) await mkdir(join(folder, name), { recursive: true, mode: 0o755 });
  await rm(join(folder, "work"), { recursive: true, force: true });
  await mkdir(join(folder, "work"), { mode: 0o700 });
  if ((await stat(join(folder, "var")).catch(() => undefined)) === undefined) {
    const fresh = join(folder, "var.new");
    await rm(fresh, { recursive: true, force: true });
    await context.exec("cp", ["-a", join(rootfs, "var"), fresh]);
    await context.exec("mv", [fresh, join(folder, "var")]);
  }
  await prepareContainerd(context, seed);
  await emptyTrash(context);
  const traits = {
    cgroups: context.cgroups.version === "v2" ? ("v2" as const) : context.cgroups.hierarchies.map(({ name }) => name),
    restrictOomScore: !(await mayLowerOomScore()),
  };
  for (const file of await nodeFiles(context.config, context.node, traits)) await putFile(join(folder, "upper"), file);
}

/**
 * Containers do not outlive their node, so containerd's folder may start empty each time. With a seed it must: its
 * databases name the seed's folders. Without one, the images that were imported earlier are kept.
 */
async function prepareContainerd(context: NodeContext, seed: string | undefined): Promise<void> {
  const containerd = join(context.folder, "var/lib/containerd");
  const marker = join(context.folder, "seeded");
  const seeded = (await readIfThere(marker)) !== undefined;
  if (seed === undefined && !seeded) return;
  for (const old of [containerd, "content.upper", "content.work"].map((name) => resolve(context.folder, name)))
    await discard(context, old);
  await mkdir(containerd, { recursive: true, mode: 0o711 });
  await mkdir(join(context.folder, "content.lower"), { recursive: true });
  if (seed === undefined) return rm(marker, { force: true });
  await writeAtomic(marker, seed, 0o644);
  await plantSeed(seed, containerd);
}

/** Out of the way at once, deleted in the background: a containerd folder can have a hundred thousand files. */
async function discard(context: NodeContext, path: string): Promise<void> {
  const trash = join(context.folder, `trash-${randomUUID()}`);
  await rename(path, trash).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

/** Also what an interrupted run left. It outlives this program, so that nobody waits for it. */
async function emptyTrash(context: NodeContext): Promise<void> {
  const trash = (await readdir(context.folder))
    .filter((name) => name.startsWith("trash-"))
    .map((name) => join(context.folder, name));
  if (trash.length > 0) spawn("rm", ["-rf", ...trash], { detached: true, stdio: "ignore" }).unref();
}

async function putFile(root: string, file: NodeFile): Promise<void> {
  const path = join(root, file.path);
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, file.text);
  await chmod(path, file.mode ?? 0o644);
}

/** CAP_SYS_RESOURCE (bit 24) in the bounding set. */
export async function mayLowerOomScore(): Promise<boolean> {
  const status = (await readIfThere("/proc/self/status")) ?? "";
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  return (bounding & (1n << 24n)) !== 0n;
}
