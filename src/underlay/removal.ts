import { chmod, mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { VOLUMES_FOLDER } from "./addons.ts";
import { isMissing } from "./files.ts";

/** What becomes of a cluster's data; written down before anything is touched, so that an interrupted removal goes on with it. */
export interface Removal {
  /** Folder that gets what is kept. */
  readonly keepIn: string;
  /** Namespaces whose volumes are deleted. */
  readonly dropVolumesOf: readonly string[];
  /** Whether what workloads stored on the nodes beside volumes is deleted, too. */
  readonly dropNodeState: boolean;
  /** Files or folders of others that are put beside what is kept, under these names. */
  readonly alongside: readonly { readonly path: string; readonly name: string }[];
}

/** In a node: volumes, and what workloads store beside them. */
const STATE_FOLDER = dirname(VOLUMES_FOLDER);

/**
 * Puts the data of nodes that do not run aside, readable by root alone, and deletes what is not to be kept. Repeating it
 * goes on where it was interrupted. Answers whether anything is kept.
 */
export async function keepData(
  nodes: readonly { readonly name: string; readonly folder: string }[],
  removal: Removal,
): Promise<boolean> {
  for (const { name, folder } of nodes) {
    const state = join(folder, STATE_FOLDER);
    await drop(state, removal);
    if ((await names(state)).length > 0) await moveInto(removal.keepIn, state, name);
  }
  for (const { path, name } of removal.alongside) await moveInto(removal.keepIn, path, name);
  return (await names(removal.keepIn)).length > 0;
}

async function drop(state: string, removal: Removal): Promise<void> {
  const volumes = join(state, basename(VOLUMES_FOLDER));
  const doomed = (await names(volumes)).filter((name) => removal.dropVolumesOf.includes(namespaceOf(name)));
  for (const name of doomed) await rm(join(volumes, name), { recursive: true, force: true });
  if ((await names(volumes)).length === 0) await removeEmpty(volumes);
  if (!removal.dropNodeState) return;
  const others = (await names(state)).filter((name) => name !== basename(VOLUMES_FOLDER));
  for (const name of others) await rm(join(state, name), { recursive: true, force: true });
}

/** The provisioner names a volume's folder `pvc-<uid>_<namespace>_<claim>`, and no namespace has an underscore. */
function namespaceOf(volume: string): string {
  return volume.split("_")[1] ?? "";
}

async function moveInto(folder: string, path: string, name: string): Promise<void> {
  const target = join(folder, name);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  await rename(path, target).catch((error: unknown) => {
    if (!isMissing(error)) throw error; // it was moved before the interruption, or never was
  });
}

async function removeEmpty(folder: string): Promise<void> {
  await rmdir(folder).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

async function names(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
}
