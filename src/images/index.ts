// images: makes the container images, the node root file system and the guest from recipes that are data.
import { mkdir, readFile, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { Exec } from "../host/exec.ts";
import { type Report, timed } from "../host/progress.ts";
import type { ContentStore } from "../host/store.ts";
import { buildDirectory, buildImage, type ImageRecord, type Tools, updateLists } from "./build.ts";
import { debianAccess } from "./debian.ts";
import { contentHashes } from "./inputs.ts";
import { imageHash, type Recipe, RecipeError } from "./recipe.ts";
import { loadRecipes } from "./registry.ts";
import { KINDS, openWorkspace, requireSpace } from "./workspace.ts";

export interface BuiltImage {
  readonly name: string;
  /** `underpin.local/<name>:<hash16>` */
  readonly reference: string;
  /** OCI archive with this image's own layer; import the images in the order given, parents come first. */
  readonly archive: string;
  /** CycloneDX 1.6 bill of materials. */
  readonly sbom: string;
}

export interface ImageOptions {
  readonly store: ContentStore;
  /** Shared downloads (`images/debs`, `images/uv`) and the work folder lie here. */
  readonly cacheDir: string;
  readonly exec: Exec;
  readonly report: Report;
  /** Other recipes than the product's: for tests. */
  readonly recipes?: ReadonlyMap<string, Recipe>;
}

/** A recipe with all that is known about it before it is built. */
interface Planned {
  readonly recipe: Recipe;
  readonly hash: string;
  readonly reference: string;
}

/** Reference of each image that clouds run by name, and of those that are made on demand when `names` has them; builds nothing. */
export async function imageReferences(
  recipes?: ReadonlyMap<string, Recipe>,
  names?: readonly string[],
): Promise<Record<string, string>> {
  const all = await plan(recipes);
  return Object.fromEntries((names ?? runImages(all)).map((name) => [name, planOf(name, all).reference]));
}

function runImages(all: ReadonlyMap<string, Planned>): string[] {
  return [...all.values()].flatMap(({ recipe }) =>
    recipe.output === "image" && recipe.onDemand !== true ? [recipe.name] : [],
  );
}

function planOf(name: string, all: ReadonlyMap<string, Planned>): Planned {
  const found = all.get(name);
  if (found === undefined) throw new RecipeError(`there is no recipe ${name}; there are ${[...all.keys()].join(", ")}`);
  return found;
}

/** Makes what is missing or damaged of the named images (default: all that clouds run) and their parents, in parallel. */
export async function ensureImages(options: ImageOptions & { names?: readonly string[] }): Promise<BuiltImage[]> {
  const all = await plan(options.recipes);
  const wanted = withParents(options.names ?? runImages(all), all);
  await ensure(wanted, all, options);
  return wanted.map((name) => {
    const { reference, folder } = located(name, all, options.store);
    return { name, reference, archive: join(folder, "archive.tar"), sbom: join(folder, "sbom.cdx.json") };
  });
}

/** Makes the recipe `name` of output `directory`, and returns the folder with its content. */
export async function ensureDirectory(name: string, options: ImageOptions): Promise<string> {
  const all = await plan(options.recipes);
  await ensure(withParents([name], all), all, options);
  return join(located(name, all, options.store).folder, "root");
}

/** Root file system of a node of the local underlay: a folder to put below an overlay, never to write to. */
export function ensureNodeRootfs(options: ImageOptions): Promise<string> {
  return ensureDirectory("node", options);
}

/** The guest `hello`: a folder with `vmlinuz`, `initrd.img` and `disk.raw`. */
export function ensureGuest(options: ImageOptions): Promise<string> {
  return ensureDirectory("guest", options);
}

async function plan(recipes?: ReadonlyMap<string, Recipe>): Promise<ReadonlyMap<string, Planned>> {
  const planned = new Map<string, Planned>();
  for (const [name, recipe] of recipes ?? (await loadRecipes())) {
    const parent = recipe.from === null ? undefined : planned.get(recipe.from)?.hash;
    const inputs = { ...(parent === undefined ? {} : { parent }), contents: await contentHashes(recipe) };
    const hash = imageHash(recipe, inputs);
    planned.set(name, { recipe, hash, reference: `underpin.local/${name}:${hash.slice(0, 16)}` });
  }
  return planned;
}

function withParents(names: readonly string[], all: ReadonlyMap<string, Planned>): string[] {
  const wanted = new Set<string>();
  const add = (name: string): void => {
    const { from } = planOf(name, all).recipe;
    if (from !== null) add(from);
    wanted.add(name);
  };
  for (const name of names) add(name);
  return [...all.keys()].filter((name) => wanted.has(name));
}

function located(
  name: string,
  all: ReadonlyMap<string, Planned>,
  store: ContentStore,
): Planned & { key: StoreKey; folder: string } {
  const planned = planOf(name, all);
  const key = { kind: KINDS[planned.recipe.output], name, hash: planned.hash };
  return { ...planned, key, folder: store.path(key) };
}

interface StoreKey {
  readonly kind: string;
  readonly name: string;
  readonly hash: string;
}

async function ensure(
  wanted: readonly string[],
  all: ReadonlyMap<string, Planned>,
  options: ImageOptions,
): Promise<void> {
  const missing = await missingOf(wanted, all, options.store);
  if (missing.length === 0) return;
  await mkdir(options.cacheDir, { recursive: true, mode: 0o755 });
  await using workspace = await openWorkspace(options.cacheDir, options.store, (holder) =>
    options.report({ part: "images", state: "info", message: `waiting for process ${holder}, which builds images` }),
  );
  const debian = await debianAccess(options.exec);
  const run = new Run(all, options, { exec: options.exec, workspace, debian, report: options.report, lower: [] });
  // The longest first, so that the others fill the time beside it.
  const size = (name: string): number => spaceFor(located(name, all, options.store).recipe);
  missing.sort((a, b) => size(b) - size(a));
  const results = await Promise.allSettled(missing.map((name) => run.make(name)));
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  if (failures.length > 0) throw failures[0];
}

/**
 * Those that are not in the store, and those whose parent was built anew since: a layer is never bit for bit the same
 * twice, and an image refers to its parent's. Such an image is removed.
 */
async function missingOf(
  wanted: readonly string[],
  all: ReadonlyMap<string, Planned>,
  store: ContentStore,
): Promise<string[]> {
  const missing: string[] = [];
  for (const name of wanted) {
    const { recipe, key, folder } = located(name, all, store);
    if (await store.has(key)) {
      const parent = recipe.from;
      if (parent === null || recipe.output !== "image") continue;
      if (!missing.includes(parent) && (await standsOn(folder, located(parent, all, store).folder))) continue;
      await store.remove(key);
    }
    missing.push(name);
  }
  return missing;
}

async function standsOn(folder: string, parentFolder: string): Promise<boolean> {
  const [own, parent] = await Promise.all([readRecord(folder), readRecord(parentFolder)]);
  return parent.layers.every(({ digest }, index) => own.layers[index]?.digest === digest);
}

/** Bytes that a build needs at most while it runs: tree, layer and downloads. */
function spaceFor(recipe: Recipe): number {
  if (recipe.venv !== undefined) return 5 * 2 ** 30;
  return recipe.packages.length > 0 || recipe.from === null ? 2 * 2 ** 30 : 2 ** 29;
}

/** One run of the builder: everything is made once, children after their parents, as many at a time as there are cores. */
class Run {
  readonly #all: ReadonlyMap<string, Planned>;
  readonly #options: ImageOptions;
  readonly #tools: Tools;
  readonly #made = new Map<string, Promise<void>>();
  readonly #trees = new Map<string, Promise<string>>();
  readonly #waiting: (() => void)[] = [];
  #free = availableParallelism();
  #lists: Promise<void> | undefined;
  #failed = false;

  constructor(all: ReadonlyMap<string, Planned>, options: ImageOptions, tools: Tools) {
    this.#all = all;
    this.#options = options;
    this.#tools = tools;
  }

  make(name: string): Promise<void> {
    return remember(this.#made, name, () => this.#make(name));
  }

  async #make(name: string): Promise<void> {
    const { recipe, key } = located(name, this.#all, this.#options.store);
    if (await this.#options.store.has(key)) return;
    if (recipe.from !== null) await this.make(recipe.from);
    const lower = await this.#lower(recipe);
    await this.#onCore(async () => {
      // One error is enough: what was not begun when the first came is left for the next run.
      if (this.#failed) throw new RecipeError(`${name} was not built, since another image failed`);
      await requireSpace(this.#options.cacheDir, spaceFor(recipe));
      const tools = { ...this.#tools, lower };
      if (recipe.packages.length > 0) await (this.#lists ??= updateLists(tools));
      await timed(this.#options.report, `images/${name}`, `building ${name}`, () => this.#build(name, tools));
    }).catch((error: unknown) => {
      this.#failed = true;
      throw error;
    });
  }

  async #build(name: string, tools: Tools): Promise<void> {
    const { recipe, key, reference } = located(name, this.#all, this.#options.store);
    const parentFolder = recipe.from === null ? undefined : located(recipe.from, this.#all, this.#options.store).folder;
    await this.#options.store.ensure(key, async (out) => {
      if (recipe.output === "directory") return buildDirectory(recipe, { reference, out }, tools);
      const parent = parentFolder === undefined ? undefined : await readRecord(parentFolder);
      const above = parent === undefined || parentFolder === undefined ? {} : { parent, parentFolder };
      return buildImage(recipe, { reference, out, ...above }, tools);
    });
  }

  /** Trees of all ancestors, nearest first, unpacked once a run. */
  async #lower(recipe: Recipe): Promise<string[]> {
    const lower: string[] = [];
    for (let above = recipe.from; above !== null;) {
      const name: string = above;
      lower.push(await remember(this.#trees, name, () => this.#unpack(name)));
      above = this.#all.get(name)?.recipe.from ?? null;
    }
    return lower;
  }

  async #unpack(name: string): Promise<string> {
    const { folder } = located(name, this.#all, this.#options.store);
    const layer = (await readRecord(folder)).layers.at(-1);
    if (layer === undefined)
      throw new RecipeError(`${folder}/image.json names no layer; remove the folder and run again`);
    const tree = `tree-${name}`;
    const path = join(this.#tools.workspace.work, tree);
    await mkdir(path, { mode: 0o755 });
    // Whiteouts of a layer become those of the kernel's overlay.
    const script = `umask 022; tar -xOf "$1" "$2" | tar --xattrs --xattrs-include=security.capability -xpf - -C "$3"; chmod 755 "$3"
find "$3" -name '.wh.*' | while read -r file; do name=\${file##*/}; rm "$file"; mknod "\${file%/*}/\${name#.wh.}" c 0 0; done`;
    const blob = `blobs/${layer.digest.replace(":", "/")}`;
    await this.#options.exec("sh", ["-euc", script, "sh", join(folder, "archive.tar"), blob, path]);
    return `../${tree}`;
  }

  async #onCore(work: () => Promise<void>): Promise<void> {
    if (this.#free === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#free -= 1;
    try {
      await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

function remember<T>(memory: Map<string, Promise<T>>, name: string, make: () => Promise<T>): Promise<T> {
  const known = memory.get(name);
  if (known !== undefined) return known;
  const made = make();
  memory.set(name, made);
  return made;
}

async function readRecord(folder: string): Promise<ImageRecord> {
  return JSON.parse(await readFile(join(folder, "image.json"), "utf8")) as ImageRecord;
}

/** Size of each archive in bytes, for what the CLI tells. */
export async function archiveSizes(images: readonly BuiltImage[]): Promise<Record<string, number>> {
  const sizes = await Promise.all(images.map(async ({ name, archive }) => [name, (await stat(archive)).size] as const));
  return Object.fromEntries(sizes);
}
