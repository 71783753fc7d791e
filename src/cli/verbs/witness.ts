import { buildCommand } from "@stricli/core";
import { setTimeout as sleep } from "node:timers/promises";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { jsonFlag, namespaceFlag } from "../flags.ts";

interface Flags {
  readonly watch: boolean;
  readonly namespace?: string;
  readonly output?: "json";
}

const WATCH_MS = 2_000;

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(witness),
  parameters: {
    flags: {
      watch: { kind: "boolean", default: false, withNegated: false, brief: "Go on, every two seconds, until Ctrl-C" },
      namespace: namespaceFlag,
      output: jsonFlag,
    },
    aliases: { w: "watch", n: "namespace", o: "output" },
  },
  docs: help("What the steady client in the cluster saw: sent, failed, slow, worst gap per API", [
    "underpin witness",
    "underpin witness --watch",
    "underpin witness -o json",
  ]),
});

async function witness(cli: CliContext, flags: Flags): Promise<ExitCode> {
  const [{ engine }, { renderReport }] = await Promise.all([import("../wiring.ts"), import("../../witness/render.ts")]);
  for (;;) {
    const report = await engine.witness(cli, flags.namespace);
    cli.out(flags.output === "json" ? JSON.stringify(report, null, flags.watch ? 0 : 2) : renderReport(report));
    if (!flags.watch) return EXIT.ok;
    await sleep(WATCH_MS);
  }
}
