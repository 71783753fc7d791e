import { buildCommand } from "@stricli/core";
import type { TracedConfiguration } from "../../options/provenance.ts";
import type { CloudSource, SourceFlags } from "../cloud-source.ts";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import { cloudFileFlag, contextFlag, kubeconfigFlag, namespaceFlag } from "../flags.ts";
import type { PlacedLine } from "../render/config.ts";

interface Flags extends SourceFlags {
  readonly component?: string;
  readonly provenance: boolean;
  readonly all: boolean;
  readonly output?: "ini" | "json" | "yaml";
}

export const command = buildCommand<Flags, string[], CliContext>({
  func: verb(show),
  parameters: {
    flags: {
      component: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Only this component, for example scheduler",
        placeholder: "COMPONENT",
      },
      provenance: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Also type, whether it takes effect without a restart, and why the line is there",
      },
      all: { kind: "boolean", default: false, withNegated: false, brief: "Also options that have their default" },
      output: { kind: "enum", values: ["ini", "json", "yaml"], optional: true, brief: "Form of the output" },
      file: cloudFileFlag,
      namespace: namespaceFlag,
      kubeconfig: kubeconfigFlag,
      context: contextFlag,
    },
    aliases: { c: "component", p: "provenance", a: "all", o: "output", f: "file", n: "namespace" },
    positional: {
      kind: "array",
      parameter: {
        parse: String,
        brief: "A service, after the Cloud's name where there are several",
        placeholder: "[CLOUD] SERVICE",
      },
      minimum: 1,
      maximum: 2,
    },
  },
  docs: help(
    "What the processes of a service are configured with, and where each line comes from",
    [
      "underpin config show laptop nova",
      "underpin config show nova --component scheduler --provenance",
      "underpin config show nova -f cloud.yaml --all -o json",
      "underpin config show nova -c compute -o ini",
    ],
    [
      "A line is from the release (default), from the profile, from Underpin, or from the user. With a cluster, it shows",
      "what the pods have mounted; with -f, what a Cloud would give them, where <...> stands for what only a cluster",
      "knows. Secrets are shown as (secret). Exit code 0: shown. 2: no such service or component. 4: no running cluster.",
    ],
  ),
});

async function show(cli: CliContext, flags: Flags, ...names: readonly string[]): Promise<ExitCode> {
  const service = names.at(-1) ?? "";
  const { cloudSource } = await import("../cloud-source.ts");
  const source = await cloudSource(cli, names.length > 1 ? names[0] : undefined, flags);
  const { loadInPlace, openCatalogue } = await import("../release-options.ts");
  const catalogue = await openCatalogue(source.cloud.spec.release, service);
  const context = { catalogue, inPlace: (await loadInPlace()).bind(undefined, service) };
  const processes = await traced(source, service, flags.component);
  const { effectiveLines, processName } = await import("../../options/effective.ts");
  const linesOf = (some: readonly TracedConfiguration[]): readonly PlacedLine[] =>
    effectiveLines(some, context, flags.all).map((line) =>
      line.origin.from === "user" ? { ...line, place: source.placeOf(line.origin.path) } : line,
    );
  for (const warning of source.warnings) cli.err(`warning: ${warning}`);
  const processNames = processes.map(processName);
  if (flags.output === "ini") cli.out(await iniOutput(processes, linesOf, flags.provenance));
  else if (flags.output === undefined) {
    const { configTable } = await import("../render/config.ts");
    cli.out(configTable(linesOf(processes), processNames, flags.provenance).join("\n"));
  } else {
    const { name, namespace } = source.cloud.metadata;
    const told = {
      cloud: name,
      namespace,
      release: catalogue.release,
      service,
      processes: processNames,
      lines: linesOf(processes),
    };
    cli.out(flags.output === "json" ? JSON.stringify(told, null, 2) : (await import("yaml")).stringify(told).trimEnd());
  }
  return EXIT.ok;
}

/** The processes that are asked for, each line with its origin. Throws CliError (exit code 2) when there are none. */
async function traced(
  source: CloudSource,
  service: string,
  component: string | undefined,
): Promise<readonly TracedConfiguration[]> {
  const [{ loadClaimOf }, { Tracer }] = await Promise.all([
    import("../release-options.ts"),
    import("../../options/provenance.ts"),
  ]);
  const own = source.processes.filter((process) => process.service === service);
  if (own.length === 0)
    throw new CliError(
      `The Cloud has no processes of ${service}`,
      `Is it enabled? See spec.services.${service}.enabled`,
      {
        exitCode: EXIT.usage,
      },
    );
  const asked = own.filter((process) => component === undefined || process.component === component);
  if (asked.length === 0) {
    const known = [...new Set(own.map((process) => process.component))].join(", ");
    throw new CliError(`${service} has no component ${component}`, `Its components are ${known}.`, {
      exitCode: EXIT.usage,
    });
  }
  const tracer = new Tracer(source.builders, source.cloud, await loadClaimOf());
  return asked.map((process) => tracer.trace(process));
}

/** One file a process; a comment says whose, and with `provenance` whence each line is. */
async function iniOutput(
  processes: readonly TracedConfiguration[],
  linesOf: (some: readonly TracedConfiguration[]) => readonly PlacedLine[],
  provenance: boolean,
): Promise<string> {
  const [{ iniText, processName }, { originWords }] = await Promise.all([
    import("../../options/effective.ts"),
    import("../render/config.ts"),
  ]);
  const texts = processes.map((process) => {
    const text = iniText(linesOf([process]), provenance ? originWords : undefined);
    return `# ${process.service} ${processName(process)}\n${text}`;
  });
  return texts.join("\n\n");
}
