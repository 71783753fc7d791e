import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, type NoFlags, verb } from "../context.ts";

export const command = buildCommand<NoFlags, string[], CliContext>({
  func: verb((cli, _flags: NoFlags, ...args: string[]) => kubectl(cli, args)),
  parameters: {
    positional: {
      kind: "array",
      parameter: { parse: String, brief: "What kubectl gets, as it is", placeholder: "ARGUMENTS" },
    },
  },
  docs: help(
    "kubectl of the cluster's version, with its kubeconfig",
    ["underpin kubectl get clouds -A", "underpin kubectl -n laptop get pods"],
    ["Everything behind `kubectl` goes to kubectl as it is."],
  ),
});

/** Runs kubectl with the caller's terminal and gives its exit code. */
export async function kubectl(cli: CliContext, args: readonly string[]): Promise<number> {
  const [{ findProgram, kubeconfigPath }, { handOver }] = await Promise.all([
    import("../cluster.ts"),
    import("../hand-over.ts"),
  ]);
  const program = await findProgram(cli, "kubectl");
  const own = args.some((arg) => arg === "--kubeconfig" || arg.startsWith("--kubeconfig="));
  return handOver(program, args, own ? process.env : { ...process.env, KUBECONFIG: await kubeconfigPath(cli) });
}
