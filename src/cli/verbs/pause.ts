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
  func: verb(pause),
  parameters: {
    flags: { namespace: namespaceFlag, kubeconfig: kubeconfigFlag, context: contextFlag },
    aliases: { n: "namespace" },
    positional: { kind: "tuple", parameters: [planArgument(["Approved", "Running"])] },
  },
  docs: help(
    "Begin no further step of a Plan that is carried out",
    ["underpin pause laptop-7-3f9a1c2b"],
    ["Steps that run come to their end. Repairs go on, and so does the plan with: underpin resume PLAN."],
  ),
});

async function pause(cli: CliContext, flags: Flags, name: string): Promise<ExitCode> {
  const [{ actOnPlan }, { consent }] = await Promise.all([import("../plan-actions.ts"), import("../confirm.ts")]);
  return withCluster(cli, flags, async (kube) => {
    await actOnPlan({ kube, out: cli.out, ask: consent(cli, true) }, { name, namespace: flags.namespace }, "Pause");
    return EXIT.ok;
  });
}
