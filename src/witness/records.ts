// witness: uses every API of the cloud steadily as a client would, and counts what failed, was slow, or was not seen.

export type Outcome = "ok" | "slow" | "failed";

/** One operation that ended. */
export interface Operation {
  readonly api: string;
  /** `list images`, `image/POST`. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Milliseconds that it took. */
  readonly tookMs: number;
  readonly outcome: Outcome;
}

/** A time in which the witness could not have seen a failure; milliseconds since the epoch. */
export interface Blind {
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}

export interface Window {
  readonly from: number;
  readonly to: number;
}

export interface Counts {
  readonly sent: number;
  readonly failed: number;
  readonly slow: number;
  /** Milliseconds. */
  readonly worstGapMs: number;
}

/** The blind times within a window, merged where they touch, in order. */
export function blindWithin(blind: readonly Blind[], window: Window): readonly Blind[] {
  const merged: Blind[] = [];
  const inside = blind.filter((one) => one.to > window.from && one.from < window.to);
  for (const one of inside.toSorted((a, b) => a.from - b.from)) {
    const cut = { ...one, from: Math.max(one.from, window.from), to: Math.min(one.to, window.to) };
    const last = merged.at(-1);
    if (last === undefined || cut.from > last.to) merged.push(cut);
    else if (cut.to > last.to)
      merged[merged.length - 1] = { ...last, to: cut.to, reason: joined(last.reason, cut.reason) };
  }
  return merged;
}

function joined(one: string, other: string): string {
  return one.includes(other) ? one : `${one}; ${other}`;
}

/** What is left of a window without its blind times. */
export function sighted(window: Window, blind: readonly Blind[]): readonly Window[] {
  const parts: Window[] = [];
  let from = window.from;
  for (const one of blindWithin(blind, window)) {
    if (one.from > from) parts.push({ from, to: one.from });
    from = one.to;
  }
  if (window.to > from) parts.push({ from, to: window.to });
  return parts;
}

/**
 * The longest time within a window without a success, in milliseconds; `successes` are the moments at which they ended,
 * in order. The edges count as successes, blind times do not count at all: of neither anything is known.
 */
export function worstGap(successes: readonly number[], window: Window, blind: readonly Blind[]): number {
  let worst = 0;
  for (const part of sighted(window, blind)) {
    let last = part.from;
    for (const moment of successes) {
      if (moment < part.from || moment > part.to) continue;
      worst = Math.max(worst, moment - last);
      last = moment;
    }
    worst = Math.max(worst, part.to - last);
  }
  return worst;
}

/** A time without a success; milliseconds since the epoch. */
export interface Gap extends Window {
  /** It began with a success; else with a time of which nothing is known. */
  readonly began: "success" | "blind";
  /** It ended so, or goes on. */
  readonly ended: "success" | "blind" | "open";
}

/**
 * The longest gap that touches a window, in its whole length: it may have begun before and go on afterwards. `known` is all the
 * time of which something may be known, up to now; `successes` are in order. Undefined when nothing is known of the window.
 */
export function longestGap(
  successes: Iterable<number>,
  window: Window,
  known: { readonly window: Window; readonly blind: readonly Blind[] },
): Gap | undefined {
  let longest: Gap | undefined;
  const touches = ({ from, to }: Window): boolean => from < window.to && to > window.from;
  const take = (gap: Gap): void => {
    if (touches(gap) && (longest === undefined || gap.to - gap.from > longest.to - longest.from)) longest = gap;
  };
  for (const part of sighted(known.window, known.blind).filter(touches)) {
    let from = part.from;
    let began: Gap["began"] = "blind";
    for (const moment of successes) {
      if (moment < part.from || moment > part.to) continue;
      take({ from, to: moment, began, ended: "success" });
      from = moment;
      began = "success";
    }
    take({ from, to: part.to, began, ended: part.to === known.window.to ? "open" : "blind" });
  }
  return longest;
}

/** Counts of the operations that started within a window; the gap is that between successes that ended within it. */
export function count(operations: readonly Operation[], window: Window, blind: readonly Blind[]): Counts {
  const started = operations.filter(({ startedAt }) => startedAt >= window.from && startedAt < window.to);
  const successes = operations
    .filter(({ outcome }) => outcome !== "failed")
    .map(({ startedAt, tookMs }) => startedAt + tookMs)
    .sort((a, b) => a - b);
  return {
    sent: started.length,
    failed: started.filter(({ outcome }) => outcome === "failed").length,
    slow: started.filter(({ outcome }) => outcome === "slow").length,
    worstGapMs: worstGap(successes, window, blind),
  };
}
