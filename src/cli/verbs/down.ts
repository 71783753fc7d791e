import { buildCommand } from "@stricli/core";
import { confirm } from "../confirm.ts";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import type { DownSummary } from "../engine.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { eventsFlag, yesFlag } from "../flags.ts";

interface Flags {
  readonly purge: boolean;
  readonly output?: "json";
  readonly yes: boolean;
}

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(down),
  parameters: {
    flags: {
      purge: {
        kind: "boolean",
        default: false,
        withNegated: false,
        brief: "Remove the data too, whatever the Cloud's deletionPolicy",
      },
      output: eventsFlag,
      yes: yesFlag,
    },
    aliases: { o: "output", y: "yes" },
  },
  docs: help(
    "Remove the cluster from this machine; data by the Cloud's deletionPolicy",
    ["sudo ./underpin down", "sudo ./underpin down --purge --yes"],
    [
      "Ends and removes everything that `up` made: processes, mounts, networks. What becomes of the data says the Cloud's",
      "spec.deletionPolicy, as the API server has it now or, when it does not run, as it was last:",
      "  Retain  (default) the data is put aside in a folder for root alone, named at the end: databases, images, guests'",
      "          disks, the Cloud as it was applied, its credentials, the guest's key. The next `up` makes a new cloud and",
      "          does not take it up: to go on with the same cloud use `stop`.",
      "  Delete  the Cloud's data goes with the cluster.",
      "--purge removes the data whatever the policy says, and what earlier runs put aside. Caches stay in any case: they go",
      "with `underpin cache clean`.",
    ],
  ),
});

async function down(cli: CliContext, { purge, output, yes }: Flags): Promise<ExitCode> {
  const [{ engine }, { longRun }] = await Promise.all([import("../wiring.ts"), import("../run.ts")]);
  const question = yes ? undefined : warning(purge, await engine.doomed(cli));
  if (question !== undefined && !(await confirm(cli, question))) return EXIT.interrupted;
  const command = purge ? "underpin down --purge" : "underpin down";
  const summary = await longRun(cli, { command, output }, (run) => engine.down(cli, { purge }, run));
  if (output === "json") cli.out(JSON.stringify({ summary }));
  else cli.out(downLines(summary).join("\n"));
  return EXIT.ok;
}

/** What is asked before data goes; undefined when none does. */
export function warning(
  purge: boolean,
  { clouds, source }: { readonly clouds: readonly string[]; readonly source: string },
): string | undefined {
  const lost = "databases, images, guests' disks";
  if (purge) return `All data of the cloud will be gone: ${lost}. Go on?`;
  if (clouds.length === 0) return undefined;
  const because = source === "" ? "" : ` (${source})`;
  return `The deletionPolicy of ${clouds.join(", ")} is Delete${because}: its data will be gone, ${lost}. Go on?`;
}

/** What became of the data, and how to be rid of what is left. */
export function downLines({ removed, kept, deleted }: DownSummary): string[] {
  if (!removed) return ["There was nothing to remove."];
  return [
    "Removed.",
    ...(deleted.length === 0 ? [] : [`  data     gone: ${deleted.join(", ")}`]),
    ...(kept === undefined
      ? []
      : [
          `  data     kept in ${kept} (root only): volumes, guests' disks, the Cloud and its credentials`,
          `           remove it with: sudo rm -r ${kept}`,
        ]),
  ];
}
