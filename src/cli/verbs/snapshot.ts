import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { CliError, EXIT } from "../errors.ts";
import { type ClusterFlags, contextFlag, kubeconfigFlag, namespaceFlag } from "../flags.ts";

interface Flags extends ClusterFlags {
  readonly namespace?: string;
  readonly output?: string;
}

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(snapshot),
  parameters: {
    flags: {
      namespace: namespaceFlag,
      output: {
        kind: "parsed",
        parse: String,
        optional: true,
        brief: "File to write; default: standard output",
        placeholder: "FILE",
      },
      kubeconfig: kubeconfigFlag,
      context: contextFlag,
    },
    aliases: { n: "namespace", o: "output" },
  },
  docs: help(
    "Write what a cluster has of a Cloud into a file, for plans where the cluster cannot be reached",
    [
      "underpin snapshot > laptop.snapshot",
      "underpin snapshot -o laptop.snapshot",
      "underpin plan -f cloud.yaml --snapshot laptop.snapshot",
    ],
    [
      "Objects with who owns their fields, nodes, images and what was done. Of Secrets it has keyed hashes alone, and never a",
      "value. It holds the Cloud's configuration all the same: give it to whom you would give that.",
    ],
  ),
});

async function snapshot(cli: CliContext, flags: Flags): Promise<undefined> {
  const [{ connect, theCloud }, { cloudSnapshot }] = await Promise.all([
    import("../cluster.ts"),
    import("../cloud-snapshot.ts"),
  ]);
  const kube = await connect(cli, flags);
  try {
    const text = await cloudSnapshot(kube, await theCloud(kube, flags.namespace), new Date());
    if (flags.output === undefined) cli.out(text.trimEnd());
    else await written(flags.output, text);
  } finally {
    await kube.close();
  }
  return undefined;
}

async function written(file: string, text: string): Promise<void> {
  const { writeFile } = await import("node:fs/promises");
  try {
    await writeFile(file, text, { mode: 0o600 });
  } catch (cause) {
    throw new CliError(`The file ${file} cannot be written`, "Give another with: -o FILE", {
      exitCode: EXIT.failed,
      cause,
    });
  }
}
