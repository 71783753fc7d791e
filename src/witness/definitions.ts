import { existsSync, readdirSync } from "node:fs";

import type { WitnessDefinition } from "../workloads/witness-contract.ts";

/** Every `witness.ts` of the workloads, in order of their folders: adding one is adding a file. */
export async function loadDefinitions(
  root: URL = new URL("../workloads/", import.meta.url),
): Promise<readonly WitnessDefinition[]> {
  const files = readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => new URL(`${entry.name}/witness.ts`, root))
    .filter((file) => existsSync(file))
    .sort((a, b) => (a.href < b.href ? -1 : 1));
  return Promise.all(files.map(load));
}

async function load(file: URL): Promise<WitnessDefinition> {
  const { witness } = (await import(file.href)) as { readonly witness?: WitnessDefinition };
  if (witness === undefined) throw new Error(`${file.pathname} must export \`witness\``);
  return witness;
}
