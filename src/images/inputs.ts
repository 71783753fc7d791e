import { hash } from "node:crypto";
import { cp, mkdir, readdir, readFile, readlink, realpath } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { contentHash } from "../content/canonical.ts";
import { loadRelease } from "../releases/index.ts";
import { type Copy, lockFiles, type Recipe, RecipeError } from "./recipe.ts";

const PROJECT = join(import.meta.dirname, "..", "..");

/** Never part of an image, wherever it is. */
const NEVER = new Set([".git", "node_modules"]);

/** Hash of each thing that the recipe includes from outside. */
export async function contentHashes(recipe: Recipe, project: string = PROJECT): Promise<Record<string, string>> {
  const contents: Record<string, string> = {};
  for (const copy of recipe.copies) contents[`${copy.kind} ${copy.to}`] = await copyHash(copy, project);
  if (recipe.venv === undefined) return contents;
  const { files } = await loadRelease(recipe.venv.release);
  for (const [name, file] of Object.entries(lockFiles(recipe.venv))) {
    const hash = files[file];
    if (hash === undefined)
      throw new RecipeError(`release ${recipe.venv.release} has no file ${file}, which ${recipe.name} is made from`);
    contents[name] = hash;
  }
  return contents;
}

async function copyHash(copy: Copy, project: string): Promise<string> {
  switch (copy.kind) {
    case "project":
      return treeHash(project, copy);
    case "node":
      // The program's version decides its content: hashing 120 MB each time would cost more than everything else.
      return contentHash([process.version, process.platform, process.arch]);
    case "node-modules":
      return contentHash(await npmPackages(project));
  }
}

async function treeHash(project: string, copy: Extract<Copy, { kind: "project" }>): Promise<string> {
  const root = join(project, copy.from);
  const paths = await treeFiles(root, copy.exclude);
  if (paths.length === 0) throw new RecipeError(`${root}, which an image includes, is empty or missing`);
  const hashes = await Promise.all(paths.map(async (path) => hash("sha256", await readFile(path))));
  return contentHash(paths.map((path, index) => [relative(root, path), hashes[index]]));
}

async function treeFiles(root: string, exclude: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const visit = async (folder: string): Promise<void> => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (NEVER.has(entry.name) || exclude.includes(relative(root, path))) continue;
      if (entry.isDirectory()) await visit(path);
      else if (entry.isFile()) found.push(path);
    }
  };
  try {
    await visit(root);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOTDIR") throw error;
    found.push(root);
  }
  return found.sort();
}

/** Production dependencies by their folder (`node_modules/…`) with version and integrity, as the lock file has them. */
async function npmPackages(project: string): Promise<Record<string, { version: string; integrity: string }>> {
  const lock = JSON.parse(await readFile(join(project, "package-lock.json"), "utf8")) as {
    packages: Record<
      string,
      { version?: string; integrity?: string; dev?: boolean; optional?: boolean; devOptional?: boolean }
    >;
  };
  const production = Object.entries(lock.packages).filter(
    ([path, { dev, devOptional }]) => path.startsWith("node_modules/") && dev !== true && devOptional !== true,
  );
  return Object.fromEntries(
    production.map(([path, { version, integrity }]) => [path, { version: version ?? "", integrity: integrity ?? "" }]),
  );
}

/** Names and versions of the npm packages that the recipe includes, for its bill of materials. */
export async function npmInventory(recipe: Recipe, project: string = PROJECT): Promise<Record<string, string>> {
  if (!recipe.copies.some(({ kind }) => kind === "node-modules")) return {};
  const packages = Object.entries(await npmPackages(project));
  return Object.fromEntries(
    packages.map(([path, { version }]) => [path.slice(path.lastIndexOf("node_modules/") + 13), version]),
  );
}

/** Puts everything that the recipe copies in below `stage`, at its place in the image. */
export async function stageCopies(recipe: Recipe, stage: string, project: string = PROJECT): Promise<void> {
  for (const copy of recipe.copies) {
    const target = join(stage, copy.to);
    await mkdir(dirname(target), { recursive: true });
    await stageCopy(copy, { target, project });
  }
}

async function stageCopy(copy: Copy, { target, project }: { target: string; project: string }): Promise<void> {
  switch (copy.kind) {
    case "project": {
      const root = await realpath(join(project, copy.from));
      for (const path of await treeFiles(root, copy.exclude))
        await cp(path, path === root ? target : join(target, relative(root, path)));
      return;
    }
    case "node":
      await cp(await readlink("/proc/self/exe"), target);
      return;
    case "node-modules":
      for (const path of Object.keys(await npmPackages(project))) await stagePackage(path, { target, project });
  }
}

/** Packages nested in another one's folder are entries of the lock file themselves. */
async function stagePackage(path: string, { target, project }: { target: string; project: string }): Promise<void> {
  const source = join(project, path);
  const nested = join(source, "node_modules");
  await cp(source, join(target, path.slice("node_modules/".length)), {
    recursive: true,
    filter: (from) => from !== nested,
  }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT") throw cause;
    throw new RecipeError(`${source} is missing; run \`npm ci\` in ${project}`, { cause });
  });
}
