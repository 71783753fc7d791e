import type { JsonValue } from "./catalogue.ts";

/**
 * What oslo.config does with a value. The values of `accept` are its values as JSON says them; whole numbers beyond 2^53,
 * `inf`, `-inf` and `nan` are text there, and a range is `[start, stop, step]`. `reason` says what is allowed and what
 * was given; `why` says why only the service itself can tell.
 */
export type Verdict =
  | { readonly verdict: "accept"; readonly value: JsonValue }
  | { readonly verdict: "reject"; readonly reason: string }
  | { readonly verdict: "unchecked"; readonly why: string };

export function accept(value: JsonValue): Verdict {
  return { verdict: "accept", value };
}

export function reject(reason: string): Verdict {
  return { verdict: "reject", reason };
}

export function unchecked(why: string): Verdict {
  return { verdict: "unchecked", why };
}

const SHOWN = 80;

/** A text as messages show it: quoted, on one line, cut when it is long. */
export function shown(text: string): string {
  const quoted = JSON.stringify(text.length > SHOWN ? text.slice(0, SHOWN) : text);
  return text.length > SHOWN ? `${quoted}… (${text.length} characters)` : quoted;
}
