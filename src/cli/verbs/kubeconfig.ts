import { buildCommand } from "@stricli/core";
import { readFile } from "node:fs/promises";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";

interface Flags {
  readonly path: boolean;
}

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(kubeconfig),
  parameters: {
    flags: {
      path: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Print the file's path instead of its content",
      },
    },
  },
  docs: help(
    "Print the administrator's kubeconfig of the cluster on this machine",
    ["export KUBECONFIG=$(underpin kubeconfig --path)", "underpin kubeconfig > ~/.kube/underpin"],
    ["It is a secret: keep the file to yourself."],
  ),
});

async function kubeconfig(cli: CliContext, { path }: Flags): Promise<undefined> {
  const { kubeconfigPath } = await import("../cluster.ts");
  const file = await kubeconfigPath(cli);
  cli.out(path ? file : (await readFile(file, "utf8")).trimEnd());
  return undefined;
}
