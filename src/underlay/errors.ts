/** A failure of the underlay in plain words: what, where, why, and what to do next. */
export class UnderlayError extends Error {
  /** What the user can do about it. */
  readonly next: string;
  constructor(message: string, next: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "UnderlayError";
    this.next = next;
  }
}

/** Text of an unknown thrown value, without a stack trace. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
