import { createHash } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { catalogueChanges } from "../../releases/changes.ts";
import { parseCatalogue } from "../../releases/catalogue-format.ts";
import { cataloguePath, catalogueServices, loadCatalogue } from "../../releases/catalogue.ts";
import { releaseFolder, ReleaseError, releaseNames } from "../../releases/index.ts";
import { changesPath, listText } from "../../releases/lists.ts";
import type { ImageOptions } from "../index.ts";
import { archiveTree, imageTree } from "../tree.ts";
import { type ImageData, readImage } from "./index.ts";

/** The images that have the services of each release. */
export const RELEASE_IMAGES: Readonly<Record<string, readonly string[]>> = {
  "2025.1": ["openstack", "cinder-2025-1"],
  "2026.1": ["openstack-2026-1", "cinder-2026-1"],
};

/** The data of a release, read from its images anew. Needs root. Throws ReleaseError when no images are known of it. */
export async function readRelease(release: string, options: ImageOptions, root?: string): Promise<ImageData> {
  const images = RELEASE_IMAGES[release];
  if (images === undefined)
    throw new ReleaseError(`release ${release} has no images; known: ${Object.keys(RELEASE_IMAGES).join(", ")}`);
  const all: ImageData[] = [];
  for (const image of images) {
    await using tree = await imageTree(image, options);
    all.push(await readImage(tree, { release }));
  }
  const files = Object.assign({}, ...all.map((one) => one.files)) as Record<string, string>;
  const changes = await changesBefore(release, files, root);
  return { files: { ...files, ...changes }, notes: all.flatMap((one) => one.notes) };
}

/** The data of an image that somebody else made. Needs root. */
export async function readArchive(
  archive: string,
  { name, ...options }: Pick<ImageOptions, "exec" | "cacheDir"> & { readonly name: string },
): Promise<ImageData> {
  await using tree = await archiveTree(archive, options);
  // Awaited here: what `using` holds goes when this function returns.
  return await readImage(tree, { release: name });
}

/** What differs from the release before, whose data is as it is in its folder. */
async function changesBefore(
  release: string,
  files: Readonly<Record<string, string>>,
  root: string | undefined,
): Promise<Record<string, string>> {
  const names = await releaseNames(root);
  const before = names[names.indexOf(release) - 1];
  if (before === undefined) return {};
  const found: Record<string, string> = {};
  for (const service of await catalogueServices(before, root)) {
    const text = files[cataloguePath(service)];
    if (text === undefined) continue;
    const changes = catalogueChanges(await loadCatalogue(before, service, root), parseCatalogue(Buffer.from(text)));
    found[changesPath(before, service)] = listText({ from: before, to: release, service }, changes);
  }
  return found;
}

/** Writes a release's data and records its hashes in `release.json`; what is there and no longer told is removed. */
export async function writeReleaseData(release: string, { files }: ImageData, root?: string): Promise<void> {
  const folder = await releaseFolder(release, root);
  const recordFile = join(folder, "release.json");
  const { data: _, ...record } = JSON.parse(await readFile(recordFile, "utf8")) as { readonly data?: unknown };
  for (const kind of ["catalogue", "policy", "changes"]) await rm(join(folder, kind), { recursive: true, force: true });
  await writeData(folder, files);
  await writeFile(recordFile, `${JSON.stringify({ ...record, data: hashes(files) }, null, 2)}\n`);
}

/** Writes the data of an image as a release of its own: `folder` is then a release's folder, named after it. */
export async function writeImageData(folder: string, name: string, { files }: ImageData): Promise<void> {
  await writeData(folder, files);
  const record = { name, python: "3", files: {}, data: hashes(files) };
  await writeFile(join(folder, "release.json"), `${JSON.stringify(record, null, 2)}\n`);
}

async function writeData(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  }
}

function hashes(files: Readonly<Record<string, string>>): Record<string, string> {
  const paths = Object.keys(files).toSorted();
  return Object.fromEntries(
    paths.map((path) => [
      path,
      createHash("sha256")
        .update(files[path] ?? "")
        .digest("hex"),
    ]),
  );
}

/** Paths whose committed text differs from what is told now, or that only one of both has. */
export async function differing(release: string, { files }: ImageData, root?: string): Promise<string[]> {
  const folder = await releaseFolder(release, root);
  const { data = {} } = JSON.parse(await readFile(join(folder, "release.json"), "utf8")) as {
    readonly data?: Readonly<Record<string, string>>;
  };
  const now = hashes(files);
  return [...new Set([...Object.keys(data), ...Object.keys(now)])]
    .filter((path) => data[path] !== now[path])
    .toSorted();
}
