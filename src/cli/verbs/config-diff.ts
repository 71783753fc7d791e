import { buildCommand } from "@stricli/core";
import type { ServiceChanges } from "../../options/changes.ts";
import type { SourceFlags } from "../cloud-source.ts";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import { cloudFileFlag, contextFlag, jsonFlag, kubeconfigFlag, namespaceFlag } from "../flags.ts";
import type { PlacedConcern } from "../render/changes.ts";

interface Flags extends SourceFlags {
  readonly from: string;
  readonly to: string;
  readonly service?: string;
  readonly output?: "json";
}

const release = { kind: "parsed", parse: String, placeholder: "RELEASE" } as const;

export const command = buildCommand<Flags, [string?], CliContext>({
  func: verb(diff),
  parameters: {
    flags: {
      from: { ...release, brief: "Release before" },
      to: { ...release, brief: "Release after" },
      service: { kind: "parsed", parse: String, optional: true, brief: "Only this service", placeholder: "SERVICE" },
      output: jsonFlag,
      file: cloudFileFlag,
      namespace: namespaceFlag,
      kubeconfig: kubeconfigFlag,
      context: contextFlag,
    },
    aliases: { s: "service", o: "output", f: "file", n: "namespace" },
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: String,
          optional: true,
          brief: "A Cloud of the cluster, whose own options come first",
          placeholder: "CLOUD",
        },
      ],
    },
  },
  docs: help(
    "What differs in the services' options between two releases, and what of it concerns a Cloud",
    [
      "underpin config diff --from 2025.1 --to 2026.1 -f cloud.yaml",
      "underpin config diff --from 2025.1 --to 2026.1 laptop",
      "underpin config diff --from 2025.1 --to 2026.1 --service nova -o json",
    ],
    [
      "First what the Cloud, its profile or Underpin sets and the later release has not, calls otherwise, or reads",
      "otherwise; then all differences by service. Without a Cloud only the latter, and no cluster is asked.",
      "Exit code 0: shown. 1: the later release refuses something that the Cloud's user sets. 2: no such release or",
      "service.",
    ],
  ),
});

async function diff(cli: CliContext, flags: Flags, name?: string): Promise<ExitCode> {
  const services = await load(flags);
  const concerns =
    flags.file === undefined && name === undefined ? undefined : await concerned(cli, services, flags, name);
  if (flags.output === "json") {
    const rest = Object.fromEntries(services.map(({ service, changes }) => [service, changes]));
    cli.out(JSON.stringify({ from: flags.from, to: flags.to, concerns: concerns ?? [], services: rest }, null, 2));
  } else {
    const { changeLines, concernTable } = await import("../render/changes.ts");
    const first = concerns === undefined ? [] : [...concernTable(concerns), ""];
    const all = services.flatMap(({ service, changes }, index) => [
      ...(index === 0 ? [] : [""]),
      ...changeLines(service, changes),
    ]);
    cli.out([...first, ...all].join("\n"));
  }
  const broken = concerns?.some(
    ({ by, change, refused }) => by === "user" && (change === "removed" || refused !== undefined),
  );
  return broken === true ? EXIT.failed : EXIT.ok;
}

/** The differences of the services that both releases have. Throws CliError (exit code 2). */
async function load(flags: Flags): Promise<readonly ServiceChanges[]> {
  const { chosenRelease, changesBetween, openCatalogue, servicesOf } = await import("../release-options.ts");
  const [from, to] = [await chosenRelease(flags.from), await chosenRelease(flags.to)];
  const both = (await servicesOf(from)).filter((service) => flags.service === undefined || service === flags.service);
  if (both.length === 0) await openCatalogue(from, flags.service ?? "");
  const found = both.map(async (service): Promise<ServiceChanges | undefined> => {
    const changes = await changesBetween(from, to, service);
    if (changes === undefined) return undefined;
    const [before, after] = [await openCatalogue(from, service), await openCatalogue(to, service)];
    return { service, changes, before, after };
  });
  const known = (await Promise.all(found)).filter((one) => one !== undefined);
  if (known.length > 0) return known;
  throw new CliError(
    `The options of ${to} are not known for ${both.join(", ")}`,
    "Make them with: underpin release catalogue RELEASE",
    {
      exitCode: EXIT.usage,
    },
  );
}

async function concerned(
  cli: CliContext,
  services: readonly ServiceChanges[],
  flags: Flags,
  name: string | undefined,
): Promise<readonly PlacedConcern[]> {
  const [{ cloudSource }, { loadClaimOf }, { Tracer }, { concerns }, { judgeTexts }] = await Promise.all([
    import("../cloud-source.ts"),
    import("../release-options.ts"),
    import("../../options/provenance.ts"),
    import("../../options/changes.ts"),
    import("../../oslo/judge.ts"),
  ]);
  const source = await cloudSource(cli, name, flags);
  for (const warning of source.warnings) cli.err(`warning: ${warning}`);
  const tracer = new Tracer(source.builders, source.cloud, await loadClaimOf());
  const traced = source.processes.map((process) => tracer.trace(process));
  const found = concerns(services, traced, (option, texts) => {
    const verdict = judgeTexts(option, texts);
    return verdict.verdict === "reject" ? verdict.reason : undefined;
  });
  return found.map((one) => (one.path === undefined ? one : { ...one, place: source.placeOf(one.path) }));
}
