import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { type ClusterFlags, consentFlag, contextFlag, kubeconfigFlag, namespaceFlag } from "../flags.ts";
import { planArgument } from "../plan-argument.ts";
import { withCluster } from "../with-cluster.ts";

interface Flags extends ClusterFlags {
  readonly output?: "yaml";
  readonly yes: boolean;
  readonly namespace?: string;
}

export const command = buildCommand<Flags, [string], CliContext>({
  func: verb(undo),
  parameters: {
    flags: {
      output: {
        kind: "enum",
        values: ["yaml"],
        optional: true,
        brief: "yaml: print what is to be changed in a repository, and write nothing",
      },
      yes: consentFlag,
      namespace: namespaceFlag,
      kubeconfig: kubeconfigFlag,
      context: contextFlag,
    },
    aliases: { o: "output", y: "yes", n: "namespace" },
    positional: { kind: "tuple", parameters: [planArgument(["Succeeded", "Failed", "Aborted"])] },
  },
  docs: help(
    "Lead a Cloud back to what it was before a Plan",
    ["underpin undo laptop-7-3f9a1c2b", "underpin undo laptop-7-3f9a1c2b -o yaml > back.yaml"],
    [
      "A new change: its plan is shown, asked for, and carried out like any other. What was changed since, outside of what that",
      "Plan changed, stays. Refused: a first installation, a Plan that says that it cannot be taken back, one that was not",
      "carried out, and fields that somebody changed again; they are told. A Cloud that is applied from a repository is",
      "changed there: -o yaml prints how.",
    ],
  ),
});

async function undo(cli: CliContext, flags: Flags, name: string): Promise<ExitCode> {
  const [{ undoPlan }, { consent }] = await Promise.all([import("../undo.ts"), import("../confirm.ts")]);
  const { yes, namespace } = flags;
  return withCluster(cli, flags, async (kube) => {
    await undoPlan({ kube, name, namespace, yes, yaml: flags.output === "yaml", out: cli.out, ask: consent(cli, yes) });
    return EXIT.ok;
  });
}
