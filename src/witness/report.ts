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

/** Milliseconds before a window in which the begin of a gap is looked for. */
const LOOK_BACK_MS = 3_600_000;

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
  const operations = byApi(seen.operations, since - LOOK_BACK_MS);
  const blindMs = blind.reduce((sum, one) => sum + one.to - one.from, 0);
  return {
    since: iso(since),
    until: iso(until),
    now: iso(now),
    readEverySeconds: seen.readEverySeconds,
    blind: blind.map(({ from, to, reason }) => ({ from: iso(from), to: iso(to), seconds: seconds(to - from), reason })),
    blindSeconds: seconds(blindMs),
    apis: seen.apis.map((api) => apiReport(seen, { ...asked, api, blind, own: operations.get(api) ?? [] })),
  };
}

interface Wanted extends Asked {
  readonly api: string;
  readonly blind: readonly Blind[];
  /** The API's operations, some from before the window included. */
  readonly own: readonly Operation[];
}

function apiReport(seen: Seen, wanted: Wanted): ApiReport {
  const { api, since, until, blind, now } = wanted;
  const window = { from: since, to: until };
  const own = wanted.own.filter(({ startedAt, tookMs }) => startedAt + tookMs >= since);
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

function gapReport(seen: Seen, { own, since, until, now }: Wanted): { readonly gap?: GapReport } {
  const successes = own
    .filter(({ outcome }) => outcome !== "failed")
    .map(({ startedAt, tookMs }) => startedAt + tookMs)
    .sort((a, b) => a - b);
  const earliest = Math.max(seen.firstSeen, since - LOOK_BACK_MS);
  const known = { window: { from: earliest, to: now }, blind: seen.blind };
  const gap = longestGap(successes, { from: since, to: until }, known);
  if (gap === undefined) return {};
  const { from, to, began, ended } = gap;
  return { gap: { from: iso(from), to: iso(to), seconds: seconds(to - from), began, ended } };
}

/** The operations that ended after `from`, in milliseconds since the epoch, by their API. */
function byApi(operations: Iterable<Operation>, from: number): ReadonlyMap<string, readonly Operation[]> {
  const found = new Map<string, Operation[]>();
  for (const operation of operations) {
    if (operation.startedAt + operation.tookMs < from) continue;
    const own = found.get(operation.api);
    if (own === undefined) found.set(operation.api, [operation]);
    else own.push(operation);
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
