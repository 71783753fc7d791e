import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { type ClusterFlags, contextFlag, kubeconfigFlag, namespaceFlag } from "../flags.ts";
import { planArgument } from "../plan-argument.ts";
import { withCluster } from "../with-cluster.ts";

interface Flags extends ClusterFlags {
  readonly namespace?: string;
}

export const command = buildCommand<Flags, [string], CliContext>({
  func: verb(resume),
  parameters: {
    flags: { namespace: namespaceFlag, kubeconfig: kubeconfigFlag, context: contextFlag },
    aliases: { n: "namespace" },
    positional: { kind: "tuple", parameters: [planArgument(["Paused"])] },
  },
  docs: help(
    "Go on with a Plan that was paused",
    ["underpin resume laptop-7-3f9a1c2b"],
    ["Steps that are done are not done again."],
  ),
});

async function resume(cli: CliContext, flags: Flags, name: string): Promise<ExitCode> {
  const [{ actOnPlan }, { consent }] = await Promise.all([import("../plan-actions.ts"), import("../confirm.ts")]);
  return withCluster(cli, flags, async (kube) => {
    await actOnPlan({ kube, out: cli.out, ask: consent(cli, true) }, { name, namespace: flags.namespace }, "Resume");
    return EXIT.ok;
  });
}
