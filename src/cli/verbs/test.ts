import { fileURLToPath } from "node:url";
import { handOver } from "../hand-over.ts";

const RUNNER = fileURLToPath(new URL("../../../test/harness/run.ts", import.meta.url));

/** The project's own tests; `--fast` for the inner loop, or the names of parts. Needs the packages for development. */
export function test(args: readonly string[]): Promise<number> {
  return handOver(process.execPath, [RUNNER, ...args]);
}
