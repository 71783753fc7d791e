import { existsSync, readdirSync } from "node:fs";
import type { Workload } from "./contract.ts";

/** A folder whose `workload.ts` does not export a workload of the folder's name. */
export class WorkloadLoadError extends Error {
  constructor(folder: string, why: string) {
    super(`src/workloads/${folder}/workload.ts ${why}`);
    this.name = "WorkloadLoadError";
  }
}

/**
 * Every workload that there is, in order of name: each folder with a `workload.ts` that exports `workload`.
 * Adding one is adding a folder. `root` ends with a slash.
 */
export async function loadWorkloads(root: URL = new URL("./", import.meta.url)): Promise<readonly Workload[]> {
  const folders = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/workload.ts`, root)))
    .map((entry) => entry.name)
    .sort();
  return Promise.all(folders.map((folder) => load(root, folder)));
}

async function load(root: URL, folder: string): Promise<Workload> {
  const module = (await import(new URL(`${folder}/workload.ts`, root).href)) as { readonly workload?: Workload };
  if (module.workload === undefined) throw new WorkloadLoadError(folder, "must export `workload`");
  if (module.workload.name !== folder) throw new WorkloadLoadError(folder, `names itself ${module.workload.name}`);
  return module.workload;
}
