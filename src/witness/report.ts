import { blindWithin, count, longestGap, type Blind, type Gap, type Operation } from "./records.ts";

/** What the witness saw in a window; times in ISO 8601, lengths in seconds. */
export interface WitnessReport {
  readonly since: string;
  readonly until: string;
  /** What the witness' clock said when it answered. */
  readonly now: string;
  /** Seconds between two reads of an API: a gap of that length means nothing. */
  readonly readEverySeconds: number;
  /** When nothing was seen. */
  readonly blind: readonly {
    readonly from: string;
    readonly to: string;
    readonly seconds: number;
    readonly reason: string;
  }[];
  readonly blindSeconds: number;
  readonly apis: readonly ApiReport[];
}

export interface ApiReport extends OperationCounts {
  readonly api: string;
  /** Longest time without a success. */
  readonly worstGapSeconds: number;
  /** The longest gap that touches the window, in its whole length; absent when nothing is known of the window. */
  readonly gap?: GapReport;
  /** Operations of the window that had been without an answer for more than two seconds at the time of this report. */
  readonly unanswered: number;
  readonly operations: readonly (OperationCounts & { readonly name: string })[];
  /** The last ones, newest first. */
  readonly failures: readonly Failure[];
}

export interface GapReport extends Pick<Gap, "began" | "ended"> {
  readonly from: string;
  readonly to: string;
  readonly seconds: number;
}

export interface OperationCounts {
  readonly sent: number;
  readonly failed: number;
  /** Answered, but after more than two seconds. */
  readonly slow: number;
}

export interface Failure {
  readonly at: string;
  readonly operation: string;
  readonly message: string;
}

export interface Seen {
  readonly apis: readonly string[];
  readonly operations: Iterable<Operation>;
  readonly blind: readonly Blind[];
  /** Milliseconds since the epoch. */
  readonly firstSeen: number;
  readonly readEverySeconds: number;
  readonly failures: readonly (Failure & { readonly api: string })[];
  /** Those under way. */
  readonly open: readonly OpenOperation[];
}

export interface OpenOperation {
  readonly api: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
}

/** Milliseconds after which an operation is slow, whatever becomes of it. */
export const SLOW_MS = 2_000;

/** What is asked of the witness; milliseconds since the epoch. */
export interface Asked {
  readonly since: number;
  readonly until: number;
  readonly now: number;
}

/** The report of a window. Pure. */
export function reportOf(seen: Seen, asked: Asked): WitnessReport {
  const { since, until, now } = asked;
  const before: Blind[] =
    since < seen.firstSeen ? [{ from: since, to: seen.firstSeen, reason: "the witness had not started" }] : [];
  const blind = blindWithin([...before, ...seen.blind], { from: since, to: until });
  const operations = byApi(seen.operations, asked);
  const blindMs = blind.reduce((sum, one) => sum + one.to - one.from, 0);
  return {
    since: iso(since),
    until: iso(until),
    now: iso(now),
    readEverySeconds: seen.readEverySeconds,
    blind: blind.map(({ from, to, reason }) => ({ from: iso(from), to: iso(to), seconds: seconds(to - from), reason })),
    blindSeconds: seconds(blindMs),
    apis: seen.apis.map((api) => apiReport(seen, { ...asked, api, blind, ...(operations.get(api) ?? NOTHING) })),
  };
}

/** What an API did. */
interface Own {
  /** Operations that began or ended within the window, or began before and ended after it. */
  readonly own: Operation[];
  /** When an operation succeeded, of all that are known: hours of them, so they are numbers alone. */
  readonly successes: number[];
}

const NOTHING: Own = { own: [], successes: [] };

interface Wanted extends Asked, Own {
  readonly api: string;
  readonly blind: readonly Blind[];
}

function apiReport(seen: Seen, wanted: Wanted): ApiReport {
  const { api, since, until, blind, now, own } = wanted;
  const window = { from: since, to: until };
  const names = [...new Set(own.map(({ name }) => name))].sort();
  const { worstGapMs, ...counts } = count(own, window, blind);
  return {
    api,
    ...counts,
    worstGapSeconds: seconds(worstGapMs),
    ...gapReport(seen, wanted),
    unanswered: seen.open.filter(
      (one) => one.api === api && one.startedAt >= since && one.startedAt < until && now - one.startedAt > SLOW_MS,
    ).length,
    operations: names.map((name) => {
      const { sent, failed, slow } = count(
        own.filter((operation) => operation.name === name),
        window,
        blind,
      );
      return { name, sent, failed, slow };
    }),
    failures: seen.failures
      .filter((failure) => failure.api === api && failure.at >= iso(since) && failure.at < iso(until))
      .map(({ at, operation, message }) => ({ at, operation, message }))
      .toReversed(),
  };
}

function gapReport(seen: Seen, { successes, since, until, now }: Wanted): { readonly gap?: GapReport } {
  const known = { window: { from: seen.firstSeen, to: now }, blind: seen.blind };
  const gap = longestGap(
    successes.sort((a, b) => a - b),
    { from: since, to: until },
    known,
  );
  if (gap === undefined) return {};
  const { from, to, began, ended } = gap;
  return { gap: { from: iso(from), to: iso(to), seconds: seconds(to - from), began, ended } };
}

/** What each API did. */
function byApi(operations: Iterable<Operation>, { since, until }: Asked): ReadonlyMap<string, Own> {
  const found = new Map<string, Own>();
  for (const operation of operations) {
    const { api, startedAt, tookMs, outcome } = operation;
    const mine: Own = found.get(api) ?? { own: [], successes: [] };
    found.set(api, mine);
    const end = startedAt + tookMs;
    if (end >= since && startedAt < until) mine.own.push(operation);
    if (outcome !== "failed") mine.successes.push(end);
  }
  return found;
}

/** The operations of an API that ended after `from`, in milliseconds since the epoch. */
export function operationsOf(operations: Iterable<Operation>, api: string, from: number): Operation[] {
  const found: Operation[] = [];
  for (const operation of operations) {
    if (operation.api === api && operation.startedAt + operation.tookMs >= from) found.push(operation);
  }
  return found;
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 10) / 100;
}
