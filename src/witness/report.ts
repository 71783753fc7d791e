import { blindWithin, count, type Blind, type Operation } from "./records.ts";

/** What the witness saw in a window; times in ISO 8601, lengths in seconds. */
export interface WitnessReport {
  readonly since: string;
  readonly until: string;
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
  readonly operations: readonly (OperationCounts & { readonly name: string })[];
  /** The last ones, newest first. */
  readonly failures: readonly Failure[];
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
}

/** The report of a window (milliseconds since the epoch). Pure. */
export function reportOf(seen: Seen, since: number, until: number): WitnessReport {
  const before: Blind[] =
    since < seen.firstSeen ? [{ from: since, to: seen.firstSeen, reason: "the witness had not started" }] : [];
  const blind = blindWithin([...before, ...seen.blind], { from: since, to: until });
  const blindMs = blind.reduce((sum, one) => sum + one.to - one.from, 0);
  return {
    since: iso(since),
    until: iso(until),
    readEverySeconds: seen.readEverySeconds,
    blind: blind.map(({ from, to, reason }) => ({ from: iso(from), to: iso(to), seconds: seconds(to - from), reason })),
    blindSeconds: seconds(blindMs),
    apis: seen.apis.map((api) => apiReport(seen, { api, since, until, blind })),
  };
}

function apiReport(
  seen: Seen,
  wanted: { api: string; since: number; until: number; blind: readonly Blind[] },
): ApiReport {
  const { api, since, until, blind } = wanted;
  const window = { from: since, to: until };
  const own = operationsOf(seen.operations, api, since);
  const names = [...new Set(own.map(({ name }) => name))].sort();
  const { worstGapMs, ...counts } = count(own, window, blind);
  return {
    api,
    ...counts,
    worstGapSeconds: seconds(worstGapMs),
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
