import { buildCommand } from "@stricli/core";
import { confirm } from "../confirm.ts";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
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
      "Ends and removes everything that `up` made: processes, mounts, networks. Volumes stay with deletionPolicy Retain",
      "and go with Delete or --purge. Caches stay: they go with `underpin cache clean`.",
    ],
  ),
});

async function down(cli: CliContext, { purge, output, yes }: Flags): Promise<ExitCode> {
  if (
    purge &&
    !yes &&
    !(await confirm(cli, "All data of the cloud will be gone: databases, images, guests' disks. Go on?"))
  ) {
    return EXIT.interrupted;
  }
  const [{ engine }, { longRun }] = await Promise.all([import("../wiring.ts"), import("../run.ts")]);
  const command = purge ? "underpin down --purge" : "underpin down";
  const was = await longRun(cli, { command, output }, (run) => engine.down(cli, { purge }, run));
  if (output !== "json") cli.out(was ? "Removed." : "There was nothing to remove.");
  return EXIT.ok;
}
