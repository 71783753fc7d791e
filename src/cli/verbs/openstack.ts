import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, type NoFlags, verb } from "../context.ts";

export const command = buildCommand<NoFlags, string[], CliContext>({
  func: verb((cli, _flags: NoFlags, ...args: string[]) => openstack(cli, args)),
  parameters: {
    positional: {
      kind: "array",
      parameter: { parse: String, brief: "What openstack gets, as it is", placeholder: "ARGUMENTS" },
    },
  },
  docs: help(
    "The real OpenStack client, from the cloud's own image",
    ["underpin openstack server list", "underpin openstack image list -f json"],
    ["Everything behind `openstack` goes to the client as it is."],
  ),
});

/** Runs the OpenStack client with the caller's terminal and gives its exit code. */
export async function openstack(cli: CliContext, args: readonly string[]): Promise<number> {
  const [{ engine }, { handOver }] = await Promise.all([import("../wiring.ts"), import("../hand-over.ts")]);
  const [file, ...rest] = await engine.openstackCommand(cli, args);
  return handOver(file ?? "openstack", rest);
}
