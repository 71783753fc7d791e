import { createInterface } from "node:readline/promises";
import type { CliContext } from "./context.ts";

/** Asks on a terminal, where only yes is yes. Without one there is nobody to ask: the command itself is the yes. */
export async function confirm(cli: CliContext, question: string): Promise<boolean> {
  if (!process.stdin.isTTY || !cli.terminal) return true;
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await dialogue.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    dialogue.close();
  }
}
