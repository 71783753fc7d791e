import type { CatalogueChange, PolicyRule } from "../oslo/catalogue.ts";
import { readData } from "./catalogue.ts";
import { ReleaseError } from "./index.ts";

/** Place of a service's policy rules below its release's folder. */
export function policyPath(service: string): string {
  return `policy/${service}.jsonl`;
}

/** Place, below the later release's folder, of what differs from an earlier one. */
export function changesPath(from: string, service: string): string {
  return `changes/from-${from}/${service}.jsonl`;
}

/** The text of a list: what it is of, then an entry a line. */
export function listText(head: Readonly<Record<string, string>>, entries: readonly unknown[]): string {
  return [head, ...entries].map((entry) => `${JSON.stringify(entry)}\n`).join("");
}

/** The rules that a service's API registers. Throws ReleaseError when they are not known, or the file is not what was recorded. */
export async function loadPolicies(release: string, service: string, root?: string): Promise<readonly PolicyRule[]> {
  const rules = await loadList<PolicyRule>(release, policyPath(service), root);
  if (rules === undefined) throw new ReleaseError(`release ${release} has no policy of ${service}`);
  return rules;
}

/** What differs for a service from an earlier release. Undefined when it is not known: no such pair was compared. */
export function loadChanges(
  releases: { readonly from: string; readonly to: string },
  service: string,
  root?: string,
): Promise<readonly CatalogueChange[] | undefined> {
  return loadList<CatalogueChange>(releases.to, changesPath(releases.from, service), root);
}

async function loadList<ENTRY>(release: string, path: string, root?: string): Promise<readonly ENTRY[] | undefined> {
  const bytes = await readData(release, path, root);
  if (bytes === undefined) return undefined;
  const [, ...entries] = JSON.parse(`[${bytes.toString().trimEnd().replaceAll("\n", ",")}]`) as [unknown, ...ENTRY[]];
  return entries;
}
