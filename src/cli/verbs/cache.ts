import { buildCommand, buildRouteMap } from "@stricli/core";
import { lstat, rm } from "node:fs/promises";
import { confirm } from "../confirm.ts";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { CliError, EXIT, type ExitCode } from "../errors.ts";
import { yesFlag } from "../flags.ts";
import { withLock } from "../lock.ts";

interface Flags {
  readonly yes: boolean;
}

const clean = buildCommand<Flags, [], CliContext>({
  func: verb(cleanCache),
  parameters: { flags: { yes: yesFlag }, aliases: { y: "yes" } },
  docs: help(
    "Remove what can be rebuilt: packages, programs, images",
    ["underpin cache clean --yes"],
    ["No data of a cloud is in the cache. The next `up` builds everything anew, which takes long."],
  ),
});

export const command = buildRouteMap({
  routes: { clean },
  docs: { brief: "The cache of packages, programs and images" },
});

async function cleanCache(cli: CliContext, { yes }: Flags): Promise<ExitCode> {
  const { cache, state, lock } = cli.paths;
  if ((await lstat(cache).catch(() => undefined)) === undefined) {
    cli.out(`There is no cache: ${cache}`);
    return EXIT.ok;
  }
  if (!yes && !(await confirm(cli, `Remove ${cache}?`))) return EXIT.interrupted;
  return withLock(lock, "underpin cache clean", async () => {
    const { underlayState } = await import("../../underlay/index.ts");
    const { state: now } = await underlayState({ stateDir: state });
    if (now === "running" || now === "damaged") {
      throw new CliError("The cluster runs from files of the cache", "Stop it first: underpin stop", {
        exitCode: EXIT.usage,
      });
    }
    await rm(cache, { recursive: true, force: true });
    cli.out(`Removed ${cache}`);
    return EXIT.ok;
  });
}
