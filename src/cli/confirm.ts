import { createInterface } from "node:readline/promises";
import type { CliContext } from "./context.ts";
import { CliError, EXIT } from "./errors.ts";

/** Asks on a terminal, where only yes is yes. Without one there is nobody to ask: the command itself is the yes. */
export async function confirm(cli: CliContext, question: string): Promise<boolean> {
  if (!hasTerminal(cli)) return true;
  return asked(question);
}

/** Asks, and returns when the answer is yes. Throws CliError when it is not. */
export type Ask = (question: string) => Promise<void>;

/**
 * Asks before a running cloud is changed. `yes`: nothing is asked. Where there is no terminal, the command alone is no
 * consent: a script says `--yes`. Throws CliError.
 */
export function consent(cli: CliContext, yes: boolean): Ask {
  return async (question) => {
    if (yes) return;
    if (!hasTerminal(cli))
      throw new CliError(
        "There is no terminal to ask on, and nothing was changed",
        "Run it with --yes when it shall be done without a question.",
      );
    if (!(await asked(question)))
      throw new CliError("It was not confirmed, and nothing was changed", "Run it again to do it after all.", {
        exitCode: EXIT.interrupted,
      });
  };
}

function hasTerminal(cli: CliContext): boolean {
  return process.stdin.isTTY && cli.terminal;
}

async function asked(question: string): Promise<boolean> {
  const dialogue = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await dialogue.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    dialogue.close();
  }
}
