import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { type ClusterFlags, consentFlag, contextFlag, kubeconfigFlag, namespaceFlag } from "../flags.ts";
import { planArgument } from "../plan-argument.ts";
import { withCluster } from "../with-cluster.ts";

interface Flags extends ClusterFlags {
  readonly hash?: string;
  readonly yes: boolean;
  readonly namespace?: string;
}

export const command = buildCommand<Flags, [string], CliContext>({
  func: verb(approve),
  parameters: {
    flags: {
      hash: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Only if this is its hash, as it was reviewed: all of it, or its first 12 digits at least",
        placeholder: "HASH",
      },
      yes: consentFlag,
      namespace: namespaceFlag,
      kubeconfig: kubeconfigFlag,
      context: contextFlag,
    },
    aliases: { y: "yes", n: "namespace" },
    positional: { kind: "tuple", parameters: [planArgument(["Pending"])] },
  },
  docs: help(
    "Let the operator carry out a Plan that waits for an approval",
    ["underpin approve laptop-7-3f9a1c2b", "underpin approve laptop-7-3f9a1c2b --hash 3f9a1c2b7d10 --yes"],
    [
      "Shows what the plan does, asks, and writes a PlanApproval with the hash that was shown: should the plan become another",
      "one meanwhile, it is not approved. Who approves needs the verb approve on plans in the Cloud's namespace.",
      "Exit code 0: approved. 1: this plan cannot be approved; the reason is told. 2: there is no such plan.",
    ],
  ),
});

async function approve(cli: CliContext, flags: Flags, name: string): Promise<ExitCode> {
  const [{ approvePlan }, { consent }] = await Promise.all([import("../plan-actions.ts"), import("../confirm.ts")]);
  return withCluster(cli, flags, async (kube) => {
    const acting = { kube, out: cli.out, ask: consent(cli, flags.yes) };
    await approvePlan(acting, { name, namespace: flags.namespace }, flags.hash);
    return EXIT.ok;
  });
}
