import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Catalogue } from "../oslo/catalogue.ts";
import { parseCatalogue } from "./catalogue-format.ts";
import { dataFiles, ReleaseError } from "./index.ts";

/** Place of a service's options below its release's folder. */
export function cataloguePath(service: string): string {
  return `catalogue/${service}.jsonl`;
}

/** Services whose options the release's data has, in order of name. `root` is the folder of all releases. */
export async function catalogueServices(release: string, root?: string): Promise<string[]> {
  const { data } = await dataFiles(release, root);
  return Object.keys(data).flatMap((path) => /^catalogue\/(.*)\.jsonl$/.exec(path)?.[1] ?? []);
}

/**
 * The options of a service in a release. The file stays as its bytes; what is asked for is parsed.
 * @throws ReleaseError when release or service is unknown, or the file is not what was recorded of it
 */
export async function loadCatalogue(release: string, service: string, root?: string): Promise<Catalogue> {
  const bytes = await readData(release, cataloguePath(service), root);
  if (bytes === undefined) {
    const known = await catalogueServices(release, root);
    throw new ReleaseError(
      `release ${release} has no options of ${service}; it has those of ${known.join(", ") || "no service"}`,
    );
  }
  try {
    return parseCatalogue(bytes);
  } catch (cause) {
    throw new ReleaseError(
      `${cataloguePath(service)} of release ${release} is no catalogue: ${(cause as Error).message}. Make it anew: underpin release catalogue ${release}`,
      { cause },
    );
  }
}

/** Bytes of a data file, whose hash is checked; undefined when the release has no such file. */
export async function readData(release: string, path: string, root?: string): Promise<Buffer | undefined> {
  const { folder, data } = await dataFiles(release, root);
  const wanted = data[path];
  if (wanted === undefined) return undefined;
  const file = join(folder, path);
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new ReleaseError(`${file} cannot be read; restore it, or make it anew: underpin release catalogue ${release}`, {
      cause,
    });
  });
  const hash = createHash("sha256").update(bytes).digest("hex");
  if (hash === wanted) return bytes;
  throw new ReleaseError(
    `${file} has SHA-256 ${hash}, release.json says ${wanted}: the file was changed. Restore it, or make it anew: underpin release catalogue ${release}`,
  );
}
