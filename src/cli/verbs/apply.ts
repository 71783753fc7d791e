import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { type ClusterFlags, consentFlag, contextFlag, fileFlag, kubeconfigFlag, planHashFlag } from "../flags.ts";
import { withCluster } from "../with-cluster.ts";

interface Flags extends ClusterFlags {
  readonly file: string;
  readonly yes: boolean;
  readonly plan?: string;
  readonly wait: boolean;
  readonly detail: boolean;
}

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(apply),
  parameters: {
    flags: {
      file: fileFlag,
      yes: consentFlag,
      plan: planHashFlag,
      wait: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Until the Cloud is Ready, or its plan waits for somebody",
      },
      detail: { kind: "boolean", default: false, withNegated: false, brief: "Show every object, line and step" },
      kubeconfig: kubeconfigFlag,
      context: contextFlag,
    },
    aliases: { f: "file", y: "yes", d: "detail" },
  },
  docs: help(
    "Change a Cloud in its cluster to what a file says, after its plan was agreed on",
    [
      "underpin apply -f cloud.yaml",
      "underpin apply -f cloud.yaml --yes --wait",
      "underpin apply -f cloud.yaml --plan $(underpin plan -f cloud.yaml -o json | jq -r .hash)",
    ],
    [
      "Shows the plan, asks, and writes the Cloud by server-side apply. The operator then plans it, and carries it out when it",
      "is approved: at once, or as spec.change says. With --plan nothing is asked: the change is written only while its plan has",
      "the hash that was reviewed, and with it the approval. What the cluster has already is not written again.",
      "Exit code 0: written, or nothing to do. 1: not written, or it did not become Ready. 2: the Cloud is not right.",
    ],
  ),
});

async function apply(cli: CliContext, flags: Flags): Promise<ExitCode> {
  const [{ findingLine, loadCloud }, { applyCloud }, { consent }] = await Promise.all([
    import("../cloud-file.ts"),
    import("../apply.ts"),
    import("../confirm.ts"),
  ]);
  const { file, yes, plan, wait, detail } = flags;
  const loaded = await loadCloud(file);
  for (const warning of loaded.warnings) cli.err(findingLine(file, warning));
  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once("SIGINT", interrupt);
  try {
    await withCluster(cli, flags, (kube) =>
      applyCloud({
        kube,
        loaded,
        file,
        yes,
        plan,
        wait,
        detail,
        ask: consent(cli, yes),
        out: cli.out,
        err: cli.err,
        signal: stop.signal,
      }),
    );
    return EXIT.ok;
  } finally {
    process.off("SIGINT", interrupt);
  }
}
