/** Exit codes; they are documented in `underpin --help` and never change their meaning. */
export const EXIT = {
  ok: 0,
  /** The work failed. */
  failed: 1,
  /** The command line or the Cloud is not right; nothing was touched. */
  usage: 2,
  /** Of `plan` alone, whose failures all are 1: there is something to change. */
  changes: 2,
  /** Another command that changes things is at work. */
  locked: 3,
  /** There is no running cluster to talk to. */
  notRunning: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A failure that a user can do something about: what, where, why, and what next. */
export class CliError extends Error {
  readonly next: string;
  readonly exitCode: ExitCode;
  constructor(message: string, next: string, options: { exitCode?: ExitCode; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "CliError";
    this.next = next;
    this.exitCode = options.exitCode ?? EXIT.failed;
  }
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  return error instanceof Error && error.name === "AbortError" ? EXIT.interrupted : EXIT.failed;
}

/** An error in plain words, without a stack trace unless `debug`. */
export function renderError(error: unknown, debug = false): string {
  if (!(error instanceof Error)) return `error: ${String(error)}`;
  const reasons = causes(error).filter((reason, index, all) => !(all[index - 1] ?? error.message).includes(reason));
  const lines = [`error: ${error.message}`, ...reasons.map((reason) => `  why: ${reason}`)];
  const { log } = error as Error & { log?: unknown };
  if (typeof log === "string") lines.push(`  log: ${log}`);
  const next = nextOf(error);
  if (next !== undefined) lines.push(`  next: ${next}`);
  if (debug && error.stack !== undefined) lines.push(error.stack);
  return lines.join("\n");
}

/** The same error, which names the file with all that its programs printed. */
export function withLog(error: unknown, log: string | undefined): unknown {
  return error instanceof Error && log !== undefined ? Object.assign(error, { log }) : error;
}

function causes(error: Error): string[] {
  const found: string[] = [];
  let cause = error.cause;
  while (cause instanceof Error && found.length < 5) {
    found.push(cause.message);
    cause = cause.cause;
  }
  return found;
}

/** The errors of other parts say what to do next in a field of this name. */
function nextOf(error: Error): string | undefined {
  const next = (error as Error & { next?: unknown }).next;
  if (typeof next === "string" && next !== "") return next;
  return error.cause instanceof Error ? nextOf(error.cause) : undefined;
}
