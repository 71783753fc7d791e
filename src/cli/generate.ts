// Writes the reference of the command line: `node src/cli/generate.ts`.
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { commandReference } from "./reference.ts";

/** Path of the reference in the project. */
export const COMMAND_REFERENCE = new URL("../../docs/reference/command-line.md", import.meta.url);

if (import.meta.main) {
  await mkdir(fileURLToPath(new URL("./", COMMAND_REFERENCE)), { recursive: true });
  await writeFile(COMMAND_REFERENCE, commandReference());
}
