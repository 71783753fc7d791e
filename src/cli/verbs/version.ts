import { buildCommand } from "@stricli/core";
import { readFile } from "node:fs/promises";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { jsonFlag } from "../flags.ts";

interface Flags {
  readonly output?: "json";
}

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(version),
  parameters: { flags: { output: jsonFlag }, aliases: { o: "output" } },
  docs: help("Versions of Underpin, and of what it installs", ["underpin version", "underpin version -o json"]),
});

async function version(cli: CliContext, { output }: Flags): Promise<undefined> {
  const [{ VERSIONS }, { KNOWN_RELEASES }] = await Promise.all([
    import("../../underlay/versions.ts"),
    import("../../api/releases.ts"),
  ]);
  const versions = {
    underpin: await ownVersion(),
    kubernetes: VERSIONS.kubernetes,
    openstack: KNOWN_RELEASES,
    node: process.versions.node,
  };
  if (output === "json") cli.out(JSON.stringify(versions, null, 2));
  else for (const [name, value] of Object.entries(versions)) cli.out(`${name.padEnd(12)}${[value].flat().join(", ")}`);
  return undefined;
}

/** Underpin's version, from its package. */
export async function ownVersion(): Promise<string> {
  const text = await readFile(new URL("../../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
