import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { type ClusterFlags, consentFlag, contextFlag, kubeconfigFlag, namespaceFlag } from "../flags.ts";
import { planArgument } from "../plan-argument.ts";
import { withCluster } from "../with-cluster.ts";

interface Flags extends ClusterFlags {
  readonly yes: boolean;
  readonly namespace?: string;
}

export const command = buildCommand<Flags, [string], CliContext>({
  func: verb(abort),
  parameters: {
    flags: { yes: consentFlag, namespace: namespaceFlag, kubeconfig: kubeconfigFlag, context: contextFlag },
    aliases: { y: "yes", n: "namespace" },
    positional: { kind: "tuple", parameters: [planArgument(["Approved", "Running", "Paused"])] },
  },
  docs: help(
    "End a Plan that is carried out, after the steps that run",
    ["underpin abort laptop-7-3f9a1c2b"],
    [
      "No other step begins. Each step stays on the side on which it is, and the Plan says which: what is done is kept, the",
      "rest is as before. Asks first. To lead back what was done: underpin undo PLAN.",
    ],
  ),
});

async function abort(cli: CliContext, flags: Flags, name: string): Promise<ExitCode> {
  const [{ actOnPlan }, { consent }] = await Promise.all([import("../plan-actions.ts"), import("../confirm.ts")]);
  return withCluster(cli, flags, async (kube) => {
    await actOnPlan(
      { kube, out: cli.out, ask: consent(cli, flags.yes) },
      { name, namespace: flags.namespace },
      "Abort",
    );
    return EXIT.ok;
  });
}
