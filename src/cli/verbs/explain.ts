import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import { jsonFlag, releaseFlag } from "../flags.ts";
import { textWidth } from "../render/width.ts";

interface Flags {
  readonly release?: string;
  readonly output?: "json";
}

export const command = buildCommand<Flags, [string], CliContext>({
  func: verb(explain),
  parameters: {
    flags: { release: releaseFlag, output: jsonFlag },
    aliases: { o: "output" },
    positional: {
      kind: "tuple",
      parameters: [
        {
          parse: String,
          brief: "SERVICE, SERVICE.GROUP, SERVICE.GROUP.OPTION or SERVICE.OPTION",
          proposeCompletions: async (partial: string) =>
            (await import("../complete-options.ts")).completeOption(partial),
          placeholder: "OPTION",
        },
      ],
    },
  },
  docs: help(
    "What an option of a service is, who reads it, what it may be, and how a Cloud sets it",
    [
      "underpin explain nova.DEFAULT.cpu_allocation_ratio",
      "underpin explain nova.cpu_allocation_ratio --release 2026.1",
      "underpin explain nova.scheduler",
      "underpin explain nova -o json",
    ],
    ["Needs no cluster. Exit code 0: explained. 2: there is no such option; the likeliest names are told."],
  ),
});

async function explain(cli: CliContext, flags: Flags, target: string): Promise<ExitCode> {
  const [options, { explain: explainTarget, parseTarget }] = await Promise.all([
    import("../release-options.ts"),
    import("../../options/explain.ts"),
  ]);
  const { service, rest } = parseTarget(target);
  const release = await options.chosenRelease(flags.release);
  const [catalogue, claimOf, inPlaceOf, next] = await Promise.all([
    options.openCatalogue(release, service),
    options.loadClaimOf(),
    options.loadInPlace(),
    options.nextChanges(release, service),
  ]);
  const context = { catalogue, claim: claimOf.bind(undefined, service), inPlace: inPlaceOf.bind(undefined, service) };
  const explanation = explainTarget(rest, { ...context, ...(next === undefined ? {} : { next }) });
  if (explanation.type === "unknown") {
    const [meant, ...more] = explanation.meant;
    const hint =
      meant === undefined ? `See all: underpin explain ${service}` : `Did you mean ${[meant, ...more].join(", or ")}?`;
    throw new CliError(`${service} has no ${explanation.what.replace(/^an? /, "")} in ${release}`, hint, {
      exitCode: EXIT.usage,
    });
  }
  if (flags.output === "json") cli.out(JSON.stringify(explanation, null, 2));
  else cli.out((await import("../render/explain.ts")).explainLines(explanation, textWidth()).join("\n"));
  return EXIT.ok;
}
