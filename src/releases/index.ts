// releases: loads the data of an OpenStack release and checks that it is what was published with this version.
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { z } from "zod";

const hashes = z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/));

const releaseSchema = z.strictObject({
  name: z.string(),
  /** Python version that the lock was resolved for. */
  python: z.string(),
  /** SHA-256 of each file that its image is made from. */
  files: hashes,
  /** SHA-256 of each file that was read from its image. Not among `files`: they name the image's hash. */
  data: hashes.default({}),
});

export interface Release {
  readonly name: string;
  readonly python: string;
  readonly folder: string;
  readonly files: Readonly<Record<string, string>>;
}

/** Data of a release that is missing, or not what it should be. */
export class ReleaseError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "ReleaseError";
  }
}

const FOLDER = join(import.meta.dirname, "..", "..", "releases");

/** Names of all releases, in order. */
export async function releaseNames(folder: string = FOLDER): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort();
}

/** Folder of release `name` and the SHA-256 of its data files, which are checked when they are read. Throws ReleaseError when it is unknown. */
export async function dataFiles(
  name: string,
  root: string = FOLDER,
): Promise<{ readonly folder: string; readonly data: Readonly<Record<string, string>> }> {
  const { folder, record } = await readRecord(name, root);
  return { folder, data: record.data };
}

/** Folder of release `name`. Throws ReleaseError when it is unknown. */
export async function releaseFolder(name: string, root: string = FOLDER): Promise<string> {
  return (await readRecord(name, root)).folder;
}

async function readRecord(name: string, root: string) {
  const known = await releaseNames(root);
  if (!known.includes(name)) throw new ReleaseError(`release ${name} is unknown; known: ${known.join(", ")}`);
  const folder = join(root, name);
  const record = releaseSchema.parse(JSON.parse(await readFile(join(folder, "release.json"), "utf8")));
  return { folder, record };
}

/** Loads release `name`. Throws ReleaseError when it is unknown or a file's hash is another than recorded. */
export async function loadRelease(name: string, root: string = FOLDER): Promise<Release> {
  const { folder, record } = await readRecord(name, root);
  const { python, files } = record;
  for (const [file, wanted] of Object.entries(files)) {
    const hash = createHash("sha256")
      .update(await readFile(join(folder, file)))
      .digest("hex");
    if (hash !== wanted)
      throw new ReleaseError(
        `${join(folder, file)} has SHA-256 ${hash}, release.json says ${wanted}: the file was changed. Restore it, or record the new hash.`,
      );
  }
  return { name, python, folder, files };
}
