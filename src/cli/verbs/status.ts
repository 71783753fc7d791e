import { buildCommand } from "@stricli/core";
import type { StatusReport } from "../status-report.ts";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { contextFlag, kubeconfigFlag, namespaceFlag } from "../flags.ts";
import { age, table } from "../render/table.ts";

interface Flags {
  readonly output?: "json" | "yaml" | "wide";
  readonly namespace?: string;
  readonly kubeconfig?: string;
  readonly context?: string;
}

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(status),
  parameters: {
    flags: {
      output: { kind: "enum", values: ["json", "yaml", "wide"], optional: true, brief: "Form of the output" },
      namespace: namespaceFlag,
      kubeconfig: kubeconfigFlag,
      context: contextFlag,
    },
    aliases: { o: "output", n: "namespace" },
  },
  docs: help(
    "Cloud, workloads, nodes and guests in plain words: what is wrong, since when, what next",
    ["underpin status", "underpin status -o wide", "underpin status -o json | jq '.clouds[].phase'"],
    ["Exit code 0: everything works. 1: something does not. 4: there is no running cluster."],
  ),
});

async function status(cli: CliContext, flags: Flags): Promise<ExitCode> {
  const { collectStatus } = await import("../status-report.ts");
  const report = await collectStatus(cli, flags);
  if (flags.output === "json") cli.out(JSON.stringify(report, null, 2));
  else if (flags.output === "yaml") cli.out((await import("yaml")).stringify(report).trimEnd());
  else cli.out(statusLines(report, flags.output === "wide", new Date()).join("\n"));
  if (report.cluster.state !== "running") return EXIT.notRunning;
  return report.wrong.length === 0 ? EXIT.ok : EXIT.failed;
}

/** The report for people: what is wrong first, with since when and what next. */
export function statusLines(report: StatusReport, wide: boolean, now: Date): string[] {
  const { cluster } = report;
  const lines = [`Kubernetes  ${cluster.state}${cluster.message === "" ? "" : `: ${cluster.message}`}`];
  for (const cloud of report.clouds) {
    lines.push(
      `Cloud       ${cloud.namespace}/${cloud.name}: OpenStack ${cloud.release}, ${cloud.phase}, ${cloud.ready} workloads`,
    );
    if (cloud.note !== undefined) lines.push(`            ${cloud.note}`);
    if (cloud.url !== undefined) lines.push(`            ${cloud.url}`);
  }
  if (report.wrong.length > 0) {
    lines.push("", "WRONG");
    for (const { what, why, since, next } of report.wrong) {
      lines.push(`  ${what}: ${why}${since === undefined ? "" : ` (since ${age(since, now)})`}`, `    next: ${next}`);
    }
  }
  const workloads = report.clouds.flatMap((cloud) => cloud.workloads);
  if (workloads.length > 0) lines.push("", ...workloadTable(workloads, wide, now));
  if (report.nodes.length > 0) {
    const rows = report.nodes.map((node) => [
      node.name,
      node.ready ? "Ready" : "NotReady",
      node.version,
      ...(wide ? [node.address] : []),
    ]);
    lines.push("", ...table(["NODE", "STATE", "KUBERNETES", ...(wide ? ["ADDRESS"] : [])], rows));
  }
  if (report.hypervisors.length > 0) {
    const rows = report.hypervisors.map((one) => [
      one.name,
      one.state,
      one.pool,
      one.virtualization,
      String(one.guests ?? "?"),
    ]);
    lines.push("", ...table(["HYPERVISOR", "STATE", "POOL", "BY", "GUESTS"], rows));
  }
  return lines;
}

function workloadTable(workloads: StatusReport["clouds"][number]["workloads"], wide: boolean, now: Date): string[] {
  const rows = workloads.map((one) => [
    one.name,
    one.ready ? "yes" : "no",
    age(one.since, now),
    ...(wide ? [one.endpoint ?? "", one.message ?? ""] : []),
  ]);
  return table(["WORKLOAD", "READY", "SINCE", ...(wide ? ["ENDPOINT", "MESSAGE"] : [])], rows);
}
