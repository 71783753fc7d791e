import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { type ClusterFlags, contextFlag, jsonFlag, kubeconfigFlag, namespaceFlag } from "../flags.ts";
import { planArgument } from "../plan-argument.ts";
import { withCluster } from "../with-cluster.ts";

interface Flags extends ClusterFlags {
  readonly output?: "json";
  readonly namespace?: string;
}

export const command = buildCommand<Flags, [string, string], CliContext>({
  func: verb(diff),
  parameters: {
    flags: { output: jsonFlag, namespace: namespaceFlag, kubeconfig: kubeconfigFlag, context: contextFlag },
    aliases: { o: "output", n: "namespace" },
    positional: { kind: "tuple", parameters: [planArgument(), planArgument()] },
  },
  docs: help("What differs between two Plans: the Cloud that they lead to, their objects, their steps", [
    "underpin diff laptop-6-0b1c2d3e laptop-7-3f9a1c2b",
    "underpin diff laptop-6-0b1c2d3e laptop-7-3f9a1c2b -o json",
  ]),
});

async function diff(cli: CliContext, flags: Flags, one: string, other: string): Promise<ExitCode> {
  const [{ listPlans, planNamed }, { readContent }, { planDifference }, { differenceLines }, { textWidth }] =
    await Promise.all([
      import("../plans.ts"),
      import("../plan-content.ts"),
      import("../../plan/difference.ts"),
      import("../render/plan-difference.ts"),
      import("../render/width.ts"),
    ]);
  return withCluster(cli, flags, async (kube) => {
    const list = await listPlans(kube, flags.namespace);
    const [first, second] = [planNamed(list, one), planNamed(list, other)];
    const [was, is] = await Promise.all([readContent(kube, first), readContent(kube, second)]);
    const difference = planDifference(was, is);
    if (flags.output === "json") cli.out(JSON.stringify({ first: one, second: other, ...difference }, null, 2));
    else cli.out(differenceLines({ first, second, difference }, textWidth()).join("\n"));
    return EXIT.ok;
  });
}
