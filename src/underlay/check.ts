/** One thing that this machine has or lacks. */
export interface Check {
  /** Stable name, for programs. */
  readonly id: string;
  readonly ok: boolean;
  /** What was found, in plain words. */
  readonly found: string;
  /** What to do about it; empty when all is well. */
  readonly cure: string;
}

export function good(id: string, found: string): Check {
  return { id, ok: true, found, cure: "" };
}

export function bad(id: string, found: string, cure: string): Check {
  return { id, ok: false, found, cure };
}
