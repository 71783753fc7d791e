import type { CommandContext, StricliProcess } from "@stricli/core";
import { EXIT, exitCodeOf, renderError } from "./errors.ts";
import { type Environment, type Paths, pathsFrom } from "./paths.ts";

/** What a verb gets of the world. */
export interface CliContext extends CommandContext {
  readonly process: StricliProcess;
  readonly env: Environment;
  readonly paths: Paths;
  /** Standard output, or standard error for progress, is a terminal that can redraw lines. */
  readonly terminal: boolean;
  /** Writes a line to standard output. */
  readonly out: (text: string) => void;
  /** Writes a line to standard error. */
  readonly err: (text: string) => void;
}

export function cliContext(process: NodeJS.Process): CliContext {
  return {
    process: process as StricliProcess,
    env: process.env,
    paths: pathsFrom(process.env),
    terminal: process.stderr.isTTY && process.env["TERM"] !== "dumb",
    out: (text) => void process.stdout.write(`${text}\n`),
    err: (text) => void process.stderr.write(`${text}\n`),
  };
}

/** A verb without flags of its own. */
export type NoFlags = object;

type Work<FLAGS, ARGS extends readonly unknown[]> = (
  cli: CliContext,
  flags: FLAGS,
  ...args: ARGS
) => Promise<number | undefined>;

type Verb<FLAGS, ARGS extends readonly unknown[]> = (this: CliContext, flags: FLAGS, ...args: ARGS) => Promise<void>;

/** A verb from its work: the exit code is set, and errors are told in plain words. */
export function verb<FLAGS, const ARGS extends readonly unknown[]>(work: Work<FLAGS, ARGS>): Verb<FLAGS, ARGS> {
  return async function (this: CliContext, flags: FLAGS, ...args: ARGS): Promise<void> {
    try {
      this.process.exitCode = (await work(this, flags, ...args)) ?? EXIT.ok;
    } catch (error) {
      this.err(renderError(error, this.env["UNDERPIN_DEBUG"] === "1"));
      this.process.exitCode = exitCodeOf(error);
    }
  };
}
