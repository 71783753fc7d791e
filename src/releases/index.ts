// releases: loads the data of an OpenStack release and checks that it is what was published with this version.
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { z } from "zod";

const releaseSchema = z.strictObject({
  name: z.string(),
  /** Python version that the lock was resolved for. */
  python: z.string(),
  /** SHA-256 of each data file. */
  files: z.record(z.string(), z.string().regex(/^[0-9a-f]{64}$/)),
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

/** Loads release `name`. Throws ReleaseError when it is unknown or a file's hash is another than recorded. */
export async function loadRelease(name: string, root: string = FOLDER): Promise<Release> {
  const known = await releaseNames(root);
  if (!known.includes(name)) throw new ReleaseError(`release ${name} is unknown; known: ${known.join(", ")}`);
  const folder = join(root, name);
  const { python, files } = releaseSchema.parse(JSON.parse(await readFile(join(folder, "release.json"), "utf8")));
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
