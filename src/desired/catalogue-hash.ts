import { contentHash } from "../content/canonical.ts";
import { dataFiles } from "../releases/index.ts";

/** Hash of the options of a release, for a plan's ground. Throws ReleaseError. */
export async function catalogueHash(release: string): Promise<string> {
  const { data } = await dataFiles(release);
  return contentHash(Object.entries(data).filter(([path]) => path.startsWith("catalogue/")));
}
