/** What a rule found: where below its own place, and why in more words than the API server can say. */
export interface Violation {
  readonly field?: string;
  readonly message?: string;
}

/** One rule beyond types and bounds, said twice: for the API server in CEL, and for the CLI. A test holds the two together. */
export interface Rule {
  readonly code: string;
  /** Where `self` is, with `*` for every item of a list: `spec.network.provider.*`; empty for the whole Cloud. */
  readonly at: string;
  /** Absent where the API server cannot judge. */
  readonly cel?: string;
  /** Absent where the CLI cannot judge: rules about a change. */
  readonly judge?: (self: never) => Violation | undefined;
  readonly message: string;
  /** Below `at`, the field that is to blame. */
  readonly field?: string;
  /** Only to be looked at; the API server knows no such rule. Default: an error. */
  readonly severity?: "warning";
}

const VIOLATED: Violation = {};
/** A judgement from a condition that should hold. */
export const unless = (holds: boolean): Violation | undefined => (holds ? undefined : VIOLATED);
