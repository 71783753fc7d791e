import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import { releaseFlag } from "../flags.ts";

interface Flags {
  readonly release?: string;
  readonly output?: string;
}

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(schema),
  parameters: {
    flags: {
      release: releaseFlag,
      output: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "File to write; default: standard output",
        placeholder: "FILE",
      },
    },
    aliases: { o: "output" },
  },
  docs: help(
    "A JSON Schema of the Cloud, by which editors complete and check every option",
    ["underpin schema -o cloud.schema.json", "underpin schema --release 2026.1 | jq '.definitions | keys'"],
    [
      "Editors with a YAML language server take it by a first line in cloud.yaml:",
      "  # yaml-language-server: $schema=cloud.schema.json",
      "The schema never refuses what `underpin check` takes; what it cannot say, `underpin check` says.",
    ],
  ),
});

async function schema(cli: CliContext, flags: Flags): Promise<ExitCode> {
  const [options, { cloudJsonSchema }] = await Promise.all([
    import("../release-options.ts"),
    import("../../options/schema.ts"),
  ]);
  const release = await options.chosenRelease(flags.release);
  const [claimOf, inPlaceOf] = await Promise.all([options.loadClaimOf(), options.loadInPlace()]);
  const services = (await options.servicesOf(release)).map(async (service) => ({
    catalogue: await options.openCatalogue(release, service),
    claim: claimOf.bind(undefined, service),
    inPlace: inPlaceOf.bind(undefined, service),
    policy: await options.policyRules(release, service),
  }));
  const text = JSON.stringify(cloudJsonSchema(release, await Promise.all(services)), null, 1);
  if (flags.output === undefined) cli.out(text);
  else await write(flags.output, `${text}\n`);
  return EXIT.ok;
}

async function write(file: string, text: string): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  try {
    await writeFile(file, text);
  } catch (cause) {
    throw new CliError(`The schema cannot be written to ${file}`, "Name a file in a folder that you can write to.", {
      cause,
    });
  }
}
