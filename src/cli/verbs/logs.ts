import { buildCommand, numberParser } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { contextFlag, kubeconfigFlag, namespaceFlag } from "../flags.ts";

interface Flags {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly tail?: number;
  readonly container?: string;
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
}

export const command = buildCommand<Flags, [string], CliContext>({
  func: verb(logs),
  parameters: {
    flags: {
      follow: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Go on as lines are written, until Ctrl-C",
      },
      previous: { kind: "boolean", default: false, withNegated: false, brief: "Of the containers' previous run" },
      tail: {
        kind: "parsed",
        parse: numberParser,
        optional: true,
        brief: "Last lines of each container; default 100",
        placeholder: "LINES",
      },
      container: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Only this container",
        placeholder: "CONTAINER",
      },
      namespace: namespaceFlag,
      kubeconfig: kubeconfigFlag,
      context: contextFlag,
    },
    aliases: { f: "follow", p: "previous", c: "container", n: "namespace" },
    positional: {
      kind: "tuple",
      parameters: [
        { parse: String, brief: "A workload that `underpin status` shows, or operator", placeholder: "WORKLOAD" },
      ],
    },
  },
  docs: help("What the containers of a workload say", [
    "underpin logs nova",
    "underpin logs neutron --tail 20 -f",
    "underpin logs operator",
  ]),
});

async function logs(cli: CliContext, flags: Flags, workload: string): Promise<ExitCode> {
  const [{ connect }, { showLogs }] = await Promise.all([import("../cluster.ts"), import("../workload-logs.ts")]);
  const kube = await connect(cli, flags);
  try {
    await showLogs({ kube, out: cli.out }, workload, flags);
    return EXIT.ok;
  } finally {
    await kube.close();
  }
}
