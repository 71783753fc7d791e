import { buildCommand } from "@stricli/core";
import { help } from "../help.ts";
import { type CliContext, verb } from "../context.ts";
import { EXIT, type ExitCode } from "../errors.ts";
import { jsonFlag } from "../flags.ts";

interface Flags {
  readonly output?: "json";
}

/** One thing that this machine has or lacks. */
export interface Check {
  readonly id: string;
  readonly ok: boolean;
  readonly found: string;
  /** What to do about it; empty when all is well. */
  readonly cure: string;
}

export const command = buildCommand<Flags, [], CliContext>({
  func: verb(doctor),
  parameters: { flags: { output: jsonFlag }, aliases: { o: "output" } },
  docs: help(
    "What this machine has and lacks, and the cure of each",
    ["underpin doctor", "underpin doctor -o json"],
    ["Changes nothing. Exit code 0: all is well. 1: something is missing."],
  ),
});

async function doctor(cli: CliContext, { output }: Flags): Promise<ExitCode> {
  const { checks } = await import("../wiring.ts");
  const results = await checks(cli);
  cli.out(output === "json" ? JSON.stringify({ checks: results }, null, 2) : checkLines(results).join("\n"));
  return results.every((check) => check.ok) ? EXIT.ok : EXIT.failed;
}

export function checkLines(checks: readonly Check[]): string[] {
  const width = Math.max(...checks.map(({ id }) => id.length));
  const lines = checks.flatMap(({ id, ok, found, cure }) => [
    `${ok ? "ok  " : "LACK"}  ${id.padEnd(width)}  ${found}`,
    ...(cure === "" ? [] : [`      ${" ".repeat(width)}  cure: ${cure}`]),
  ]);
  const lacking = checks.filter((check) => !check.ok).length;
  return [...lines, lacking === 0 ? "This machine is fit." : `${lacking} of ${checks.length} checks failed.`];
}
