import { buildCommand, buildRouteMap } from "@stricli/core";
import { basename, resolve } from "node:path";
import type { ImageData } from "../../images/catalogue/index.ts";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";

interface Flags {
  readonly check: boolean;
  readonly image?: string;
  readonly output?: string;
}

const catalogue = buildCommand<Flags, [string?], CliContext>({
  func: verb(read),
  parameters: {
    flags: {
      check: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Compare with what is there; write nothing",
      },
      image: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "An image of your own instead: an OCI archive with all of its layers",
        placeholder: "ARCHIVE",
      },
      output: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "Folder for the data of an image of your own; its last part names the release",
        placeholder: "FOLDER",
      },
    },
    aliases: { o: "output" },
    positional: {
      kind: "tuple",
      parameters: [{ parse: String, optional: true, brief: "OpenStack release", placeholder: "RELEASE" }],
    },
  },
  docs: help(
    "Read options, policy rules and differences of a release anew from its images",
    [
      "sudo ./underpin release catalogue 2025.1",
      "sudo ./underpin release catalogue 2026.1 --check",
      "sudo ./underpin release catalogue --image nova.tar --output my-2025.1",
    ],
    [
      "Runs the services' own programs in the unpacked images, without a network, and writes what they tell to the release's",
      "folder. Images that are missing are built first.",
      "Exit code 0: written, or nothing differs. 1: --check found a difference. 2: the command line is not right.",
    ],
  ),
});

export const command = buildRouteMap({
  routes: { catalogue },
  docs: { brief: "The data of an OpenStack release: options, policy rules, differences" },
});

async function read(cli: CliContext, flags: Flags, release?: string): Promise<ExitCode> {
  if (process.getuid?.() !== 0)
    throw new CliError("Programs are run in an image's tree, which only root may enter", "Run it with sudo.", {
      exitCode: EXIT.usage,
    });
  if (flags.image !== undefined) return readOwn(cli, flags, flags.image);
  if (release === undefined) throw usage("No release is named", "Name one: underpin release catalogue 2025.1");
  if (flags.output !== undefined)
    throw usage("A release has its own folder", "Leave out --output, or name an --image of your own.");
  const [{ differing, readRelease, writeReleaseData }, options] = await Promise.all([
    import("../../images/catalogue/releases.ts"),
    imageOptions(cli),
  ]);
  const data = await readRelease(release, options);
  tellNotes(cli, data);
  const paths = await differing(release, data);
  if (flags.check) {
    for (const path of paths) cli.out(`${release}/${path} is not what the image tells`);
    cli.out(paths.length === 0 ? `${release} is what its images tell` : `${paths.length} files differ`);
    return paths.length === 0 ? EXIT.ok : EXIT.failed;
  }
  await writeReleaseData(release, data);
  for (const path of paths) cli.out(`${release}/${path} written`);
  cli.out(`${release}: ${Object.keys(data.files).length} files, ${paths.length} of them changed`);
  return EXIT.ok;
}

async function readOwn(cli: CliContext, flags: Flags, image: string): Promise<ExitCode> {
  if (flags.output === undefined)
    throw usage("No folder is named for what the image tells", "Name one: --output FOLDER");
  if (flags.check) throw usage("There is nothing to compare an image of your own with", "Leave out --check.");
  const [{ readArchive, writeImageData }, { exec, cacheDir }] = await Promise.all([
    import("../../images/catalogue/releases.ts"),
    imageOptions(cli),
  ]);
  const folder = resolve(flags.output);
  const data = await readArchive(resolve(image), { exec, cacheDir, name: basename(folder) });
  tellNotes(cli, data);
  await writeImageData(folder, basename(folder), data);
  cli.out(`${folder}: ${Object.keys(data.files).length} files`);
  return EXIT.ok;
}

function usage(message: string, next: string): CliError {
  return new CliError(message, next, { exitCode: EXIT.usage });
}

function tellNotes(cli: CliContext, { notes }: ImageData): void {
  for (const note of notes) cli.err(`note: ${note}`);
}

async function imageOptions(cli: CliContext) {
  const [{ exec }, { ContentStore }] = await Promise.all([import("../../host/exec.ts"), import("../../host/store.ts")]);
  const { cache } = cli.paths;
  return {
    exec,
    cacheDir: cache,
    store: new ContentStore(`${cache}/store`),
    report: ({ part, state, message }: { readonly part: string; readonly state: string; readonly message: string }) => {
      if (state !== "info" && state !== "detail") cli.err(`${part}: ${message}`);
    },
  };
}
