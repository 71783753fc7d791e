import { buildCommand } from "@stricli/core";
import { fileURLToPath } from "node:url";
import { help } from "../help.ts";
import { type CliContext, type NoFlags, verb } from "../context.ts";

export const command = buildCommand<NoFlags, string[], CliContext>({
  func: verb((_cli, _flags: NoFlags, ...args: string[]) => test(args)),
  parameters: {
    positional: {
      kind: "array",
      parameter: { parse: String, brief: "What the tests get, as it is", placeholder: "ARGUMENTS" },
    },
  },
  docs: help("Test Underpin itself; --fast: what needs no cluster", [
    "underpin test --fast",
    "underpin test unit contract",
    "sudo ./underpin test",
  ]),
});

/** The project's own tests; `--fast` for the inner loop, or the names of parts. Needs the packages for development. */
export async function test(args: readonly string[]): Promise<number> {
  const { handOver } = await import("../hand-over.ts");
  return handOver(process.execPath, [fileURLToPath(new URL("../../../test/harness/run.ts", import.meta.url)), ...args]);
}
