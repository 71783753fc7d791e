import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import { type ClusterFlags, contextFlag, fileFlag, kubeconfigFlag } from "../flags.ts";

interface Flags extends ClusterFlags {
  readonly file: string;
  readonly output?: "json" | "yaml" | "markdown";
  readonly detail: boolean;
}

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(plan),
  parameters: {
    flags: {
      file: fileFlag,
      output: {
        kind: "enum",
        values: ["json", "yaml", "markdown"],
        optional: true,
        brief: "Form of the output: json, yaml, or markdown for a merge request",
      },
      detail: { kind: "boolean", default: false, withNegated: false, brief: "Also every object, line and step" },
      kubeconfig: kubeconfigFlag,
      context: contextFlag,
    },
    aliases: { f: "file", o: "output", d: "detail" },
  },
  docs: help(
    "Show what a Cloud would change in its cluster, before anything does; writes nothing",
    [
      "underpin plan -f cloud.yaml",
      "underpin plan -f cloud.yaml --detail",
      "underpin plan -f cloud.yaml -o markdown > plan.md",
      "underpin plan -f cloud.yaml -o json | jq .count",
    ],
    [
      "Builds what the cluster's operator would build, and asks the API server by dry runs what it would keep: objects created,",
      "changed field by field and deleted, changed options, pods that roll or reload, database steps, and what users notice.",
      "Secrets are shown as keyed hashes. Exit code 0: nothing to do. 2: there are changes. 1: no plan could be made, whatever",
      "the reason.",
    ],
  ),
});

async function plan(cli: CliContext, flags: Flags): Promise<ExitCode> {
  try {
    return await shown(cli, flags);
  } catch (error) {
    // To a program that asks, 2 is "there are changes" and nothing else.
    if (!(error instanceof CliError)) throw error;
    throw new CliError(error.message, error.next, { cause: error.cause });
  }
}

async function shown(cli: CliContext, flags: Flags): Promise<ExitCode> {
  const [{ findingLine, loadCloud }, { connect }, { cloudPlan }, { renderPlan }, { textWidth }] = await Promise.all([
    import("../cloud-file.ts"),
    import("../cluster.ts"),
    import("../cloud-plan.ts"),
    import("../render/plan.ts"),
    import("../render/width.ts"),
  ]);
  const { cloud, warnings } = await loadCloud(flags.file);
  for (const warning of warnings) cli.err(findingLine(flags.file, warning));
  const kube = await connect(cli, flags);
  try {
    const found = await cloudPlan(kube, cloud);
    cli.out(renderPlan(found, { format: flags.output ?? "text", detail: flags.detail, width: textWidth() }));
    return found.empty ? EXIT.ok : EXIT.changes;
  } finally {
    await kube.close();
  }
}
