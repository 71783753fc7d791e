import { buildCommand } from "@stricli/core";
import type { ImportContext, ImportFile, ImportResult } from "../../options/import.ts";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import { releaseFlag } from "../flags.ts";

interface Flags {
  readonly service?: string;
  readonly release?: string;
  readonly output?: "yaml" | "json";
  readonly secrets?: string;
  readonly namespace: string;
}

export const command = buildCommand<Flags, string[], CliContext>({
  func: verb(importConfig),
  parameters: {
    flags: {
      service: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Service of the files whose names do not tell it",
        placeholder: "SERVICE",
      },
      release: releaseFlag,
      secrets: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "New file for the manifests of the Secrets, readable by you alone",
        placeholder: "FILE",
      },
      namespace: {
        kind: "parsed",
        parse: String,
        default: "laptop",
        brief: "Namespace of the Cloud, for the Secrets",
        placeholder: "NAMESPACE",
      },
      output: { kind: "enum", values: ["yaml", "json"], optional: true, brief: "Form of the output; default: yaml" },
    },
    aliases: { s: "service", o: "output", n: "namespace" },
    positional: {
      kind: "array",
      parameter: { parse: String, brief: "Configuration file, for example /etc/nova/nova.conf", placeholder: "FILE" },
      minimum: 1,
    },
  },
  docs: help(
    "Existing configuration files as fields of a Cloud, and what became of each line",
    [
      "underpin config import /etc/nova/nova.conf > nova.yaml",
      "underpin config import /etc/kolla/nova-*/nova.conf --secrets secrets.yaml",
      "underpin config import -s neutron ml2_conf.ini -o json",
    ],
    [
      "Reads files as kolla, DevStack and openstack-helm write them; the service and component are guessed by the path.",
      "The fields go to standard output, the fate of each line to standard error: kept, renamed, secret, default, owned,",
      "overridden, unknown, removed, refused. Values of secrets are never printed. Exit code 0: every line has its place.",
      "1: some were left out that the release does not know or refuses. 2: a file cannot be read.",
    ],
  ),
});

async function importConfig(cli: CliContext, flags: Flags, ...paths: readonly string[]): Promise<ExitCode> {
  const { chosenRelease } = await import("../release-options.ts");
  const release = await chosenRelease(flags.release);
  const { files, contexts } = await load(release, paths, flags.service);
  const { importFiles, ImportError, OPEN_FATES } = await import("../../options/import.ts");
  let result: ImportResult;
  try {
    result = importFiles(files, contexts);
  } catch (error) {
    if (!(error instanceof ImportError)) throw error;
    throw new CliError(error.message, "Correct the line: oslo.config would not read the file either.", {
      exitCode: EXIT.usage,
    });
  }
  if (flags.secrets !== undefined) await writeSecrets(flags.secrets, flags.namespace, result);
  await tell(cli, flags, result);
  return result.lines.some(({ fate }) => OPEN_FATES.includes(fate)) ? EXIT.failed : EXIT.ok;
}

async function tell(cli: CliContext, flags: Flags, { services, lines, secrets }: ImportResult): Promise<void> {
  const fields = { spec: { services } };
  if (flags.output === "json") {
    const named = secrets.map(({ service, secret, key }) => ({ service, secret, key }));
    cli.out(JSON.stringify({ ...fields, lines, secrets: named }, null, 2));
    return;
  }
  const { stringify } = await import("yaml");
  const { importSummary, importTable, secretLines } = await import("../render/import.ts");
  cli.out(stringify(fields, { lineWidth: 0, aliasDuplicateObjects: false, compat: "yaml-1.1" }).trimEnd());
  const after = secretLines(secrets, flags.namespace, flags.secrets);
  cli.err(
    [...importTable(lines), "", ...importSummary(lines), ...(after.length === 0 ? [] : ["", ...after])].join("\n"),
  );
}

/** Reads the files, and the options of the services that they belong to. Throws CliError (exit code 2). */
async function load(release: string, paths: readonly string[], given: string | undefined) {
  const [{ ownerOf }, { readText }, options] = await Promise.all([
    import("../../options/import-files.ts"),
    import("../cloud-file.ts"),
    import("../release-options.ts"),
  ]);
  const names = await options.servicesOf(release);
  if (given !== undefined) await options.openCatalogue(release, given);
  const catalogues = await Promise.all(names.map((name) => options.openCatalogue(release, name)));
  const components = Object.fromEntries(catalogues.map((one) => [one.service, one.components]));
  const files = await Promise.all(
    paths.map(async (file): Promise<ImportFile> => {
      const owner = ownerOf(file, components, given);
      if (owner !== undefined) return { ...owner, file, text: await readText(file) };
      throw new CliError(
        `The service of ${file} cannot be told from its name`,
        `Say it: --service ${names.join("|")}`,
        {
          exitCode: EXIT.usage,
        },
      );
    }),
  );
  const claimOf = await options.loadClaimOf();
  const contexts = catalogues.map(async (catalogue): Promise<[string, ImportContext]> => {
    const { service } = catalogue;
    const removed = await options.removedBefore(release, service);
    return [service, { catalogue, claim: (name) => claimOf(service, name), removed }];
  });
  return { files, contexts: new Map(await Promise.all(contexts)) };
}

/** Manifests of the Secrets in a new file that only its owner can read. Throws CliError (exit code 2) when it exists. */
async function writeSecrets(file: string, namespace: string, { secrets }: ImportResult): Promise<void> {
  const [{ writeFile }, { stringify }] = await Promise.all([import("node:fs/promises"), import("yaml")]);
  const manifests = [...Map.groupBy(secrets, ({ secret }) => secret)].map(([name, keys]) => ({
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name, namespace },
    stringData: Object.fromEntries(keys.map(({ key, value }) => [key, value])),
  }));
  try {
    const text = manifests.map((manifest) => stringify(manifest, { lineWidth: 0, compat: "yaml-1.1" })).join("---\n");
    await writeFile(file, text, { mode: 0o600, flag: "wx" });
  } catch (cause) {
    throw new CliError(
      `The secrets cannot be written to ${file}`,
      "Name a new file in a folder that you can write to.",
      {
        exitCode: EXIT.usage,
        cause,
      },
    );
  }
}
