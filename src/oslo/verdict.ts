import type { JsonValue } from "./catalogue.ts";

/**
 * What oslo.config does with a value. The values of `accept` are its values as JSON says them; whole numbers beyond 2^53,
 * `inf`, `-inf` and `nan` are text there, and a range is `[start, stop, step]`. `reason` says what is allowed and what
 * was given, `allowed` the former alone, for secrets. `why` says why only the service itself can tell.
 */
export type Verdict = { readonly verdict: "accept"; readonly value: JsonValue } | Rejection | Unchecked;

export interface Rejection {
  readonly verdict: "reject";
  readonly reason: string;
  readonly allowed: string;
}

export interface Unchecked {
  readonly verdict: "unchecked";
  readonly why: string;
}

export function accept(value: JsonValue): Verdict {
  return { verdict: "accept", value };
}

/** `allowed` must not tell anything of the value; `given` is the text that was judged. */
export function reject(allowed: string, given: string): Rejection {
  return { verdict: "reject", allowed, reason: `${allowed}; given: ${shown(given)}` };
}

export function unchecked(why: string): Unchecked {
  return { verdict: "unchecked", why };
}

const SHOWN = 80;

/** A text as messages show it: quoted, on one line, cut when it is long. */
export function shown(text: string): string {
  if (text.length <= SHOWN) return JSON.stringify(text);
  return `${JSON.stringify(text.slice(0, SHOWN).toWellFormed())}… (${text.length} characters)`;
}
