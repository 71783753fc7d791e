import { buildCommand } from "@stricli/core";
import type { Cloud } from "../../api/cloud.ts";
import type { KubeClient } from "../../kube/client.ts";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import { type ClusterFlags, contextFlag, kubeconfigFlag, namespaceFlag } from "../flags.ts";
import { planArgument } from "../plan-argument.ts";
import type { GraphStep } from "../render/graph.ts";
import type { SvgHead } from "../render/svg-graph.ts";
import { withCluster } from "../with-cluster.ts";

interface Flags extends ClusterFlags {
  readonly file?: string;
  readonly namespace?: string;
  readonly output?: "json" | "yaml" | "markdown";
  readonly detail: boolean;
  readonly graph: boolean;
  readonly svg?: string;
  readonly snapshot?: string;
}

export const command = buildCommand<Flags, [string?], CliContext>({
  func: verb(plan),
  parameters: {
    flags: {
      file: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "File with the Cloud that is planned, or - for standard input",
        placeholder: "FILE",
      },
      namespace: namespaceFlag,
      output: {
        kind: "enum",
        values: ["json", "yaml", "markdown"],
        optional: true,
        brief: "Form of the output: json, yaml, or markdown for a merge request",
      },
      detail: { kind: "boolean", default: false, withNegated: false, brief: "Also every object, line and step" },
      graph: { kind: "boolean", default: false, withNegated: false, brief: "Also the graph of the steps" },
      svg: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Write the graph of the steps as a picture, too",
        placeholder: "FILE",
      },
      snapshot: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "With -f: file that `underpin snapshot` made, instead of a cluster; what is told is approximate",
        placeholder: "FILE",
      },
      kubeconfig: kubeconfigFlag,
      context: contextFlag,
    },
    aliases: { f: "file", n: "namespace", o: "output", d: "detail", g: "graph" },
    positional: { kind: "tuple", parameters: [{ ...planArgument(), optional: true }] },
  },
  docs: help(
    "Show what a change of a Cloud would do, before anything does, and what became of it",
    [
      "underpin plan -f cloud.yaml",
      "underpin plan -f cloud.yaml --detail",
      "underpin plan -f cloud.yaml -o markdown --svg plan.svg > plan.md",
      "underpin plan -f cloud.yaml -o json | jq .count",
      "underpin plan -f cloud.yaml --snapshot laptop.snapshot",
      "underpin plan",
      "underpin plan laptop-7 --graph",
    ],
    [
      "With a file it builds what the cluster's operator would build, and asks the API server by dry runs what it would keep:",
      "objects created, changed field by field and deleted, changed options, pods that roll or reload, database steps, and",
      "what users notice. Nothing is written. Exit code 0: nothing to do. 2: there are changes. 1: no plan could be made,",
      "whatever the reason. Of a snapshot it tells the same as far as that is known without the API server; such a plan cannot",
      "be approved.",
      "",
      "Without a file it shows a Plan that the operator made, by its name or the first digits of its hash: where it stands, who",
      "approved it, its steps, and what the witness saw. Without a name that of the Cloud which runs or waits, else the last.",
      "Exit code 0: shown. 1: there is none.",
      "",
      "Secrets are shown as keyed hashes.",
    ],
  ),
});

async function plan(cli: CliContext, flags: Flags, name?: string): Promise<ExitCode> {
  try {
    if (flags.file === undefined) return await withCluster(cli, flags, (kube) => stored(cli, flags, kube, name));
    if (name === undefined) return await made(cli, flags, flags.file);
    throw new CliError("A plan is of a file or of a name, not of both", "Leave one of them out.");
  } catch (error) {
    // To a program that asks, 2 is "there are changes" and nothing else.
    if (!(error instanceof CliError)) throw error;
    throw new CliError(error.message, error.next, { cause: error.cause });
  }
}

/** The plan of a file's Cloud, made now. */
async function made(cli: CliContext, flags: Flags, file: string): Promise<ExitCode> {
  const [{ findingLine, loadCloud }, { originIn }, { renderPlan }] = await Promise.all([
    import("../cloud-file.ts"),
    import("../render/plan-detail.ts"),
    import("../render/plan.ts"),
  ]);
  const { cloud, warnings, lineOf } = await loadCloud(file);
  for (const warning of warnings) cli.err(findingLine(file, warning));
  const { found, expected } = await planOf(cli, flags, cloud);
  const quoted = /^[\w./-]+$/.test(file) ? file : `'${file.replaceAll("'", "'\\''")}'`;
  const next = `underpin apply -f ${quoted} --plan ${found.hash}`;
  const approvable = file !== "-" && found.approximate === undefined;
  const originOf = originIn(file, lineOf);
  const view = { ...(await viewOf(cli, flags)), expected, originOf };
  cli.out(renderPlan(found, { ...view, next: approvable ? next : undefined }));
  if (flags.svg !== undefined) {
    const { graphOf } = await import("../render/graph.ts");
    const title = `Plan of ${found.cloud.namespace}/${found.cloud.name}`;
    await picture(flags.svg, graphOf(found, expected), { title, lines: [] });
  }
  return found.empty ? EXIT.ok : EXIT.changes;
}

/** Of the cluster, or of a snapshot of it. */
async function planOf(cli: CliContext, flags: Flags, cloud: Cloud) {
  if (flags.snapshot !== undefined) {
    const { offlinePlan } = await import("../cloud-snapshot.ts");
    return offlinePlan(flags.snapshot, cloud);
  }
  const [{ cloudPlan }, { expectedOf }] = await Promise.all([import("../cloud-plan.ts"), import("../plan-found.ts")]);
  return withCluster(cli, flags, async (kube) => {
    const found = await cloudPlan(kube, cloud);
    return { found, expected: await expectedOf(kube, found) };
  });
}

/** A Plan that the operator made. */
async function stored(cli: CliContext, flags: Flags, kube: KubeClient, name: string | undefined): Promise<ExitCode> {
  const [{ findPlan }, { readContent }, { renderStored, standing }] = await Promise.all([
    import("../plan-found.ts"),
    import("../plan-content.ts"),
    import("../render/plan-stored.ts"),
  ]);
  const found = await findPlan(kube, name, flags.namespace);
  const whole = flags.detail && found.status?.content !== undefined;
  const content = whole ? await readContent(kube, found) : undefined;
  cli.out(renderStored(found, { ...(await viewOf(cli, flags)), now: new Date(), content: content?.plan }));
  if (flags.svg !== undefined) {
    const { graphOfStored } = await import("../render/graph.ts");
    const title = `Plan ${found.metadata.name} of ${found.metadata.namespace}/${found.spec.cloud}`;
    await picture(flags.svg, graphOfStored(found), { title, lines: [standing(found)] });
  }
  return EXIT.ok;
}

async function viewOf(cli: CliContext, { output, detail, graph }: Flags) {
  const [{ textWidth }, { screenOf }] = await Promise.all([import("../render/width.ts"), import("../screen.ts")]);
  return { format: output ?? "text", detail, graph, width: textWidth(), color: screenOf(cli).color } as const;
}

async function picture(path: string, steps: readonly GraphStep[], head: SvgHead): Promise<void> {
  const [{ graphSvg }, { writePicture }] = await Promise.all([
    import("../render/svg-graph.ts"),
    import("../picture-file.ts"),
  ]);
  await writePicture(path, graphSvg(steps, head));
}
