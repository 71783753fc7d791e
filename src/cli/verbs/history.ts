import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { type ClusterFlags, contextFlag, jsonFlag, kubeconfigFlag, namespaceFlag } from "../flags.ts";
import { withCluster } from "../with-cluster.ts";

interface Flags extends ClusterFlags {
  readonly since?: string;
  readonly output?: "json";
  readonly namespace?: string;
}

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(history),
  parameters: {
    flags: {
      since: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Only what is not older: 24h, 7d, or a date",
        placeholder: "TIME",
      },
      output: jsonFlag,
      namespace: namespaceFlag,
      kubeconfig: kubeconfigFlag,
      context: contextFlag,
    },
    aliases: { o: "output", n: "namespace" },
  },
  docs: help(
    "What was changed in a Cloud, planned and not planned, the newest first",
    [
      "underpin history",
      "underpin history --since 24h",
      "underpin history --since 2026-11-01 -o json | jq '.entries[]'",
    ],
    [
      "Of each Plan: when, what it changed, where it stands, who approved it, what it took, and what users noticed of it. Between",
      "them, changes that nobody planned: what, by whom, and whether it was repaired. Times are UTC.",
    ],
  ),
});

async function history(cli: CliContext, flags: Flags): Promise<ExitCode> {
  const [{ cloudHistory, sinceTime }, { theCloud }, { historyLines }] = await Promise.all([
    import("../history.ts"),
    import("../cluster.ts"),
    import("../render/history.ts"),
  ]);
  const since = flags.since === undefined ? undefined : sinceTime(flags.since, new Date());
  return withCluster(cli, flags, async (kube) => {
    const found = await cloudHistory(kube, await theCloud(kube, flags.namespace), since);
    if (flags.output === "json") cli.out(JSON.stringify(found, null, 2));
    else cli.out(historyLines(found, tableWidth()).join("\n"));
    return EXIT.ok;
  });
}

/** A table of seven columns takes what there is; a log has no edge. */
function tableWidth(): number {
  return Math.max(process.stdout.columns ?? 160, 80);
}
