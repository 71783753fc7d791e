import type { Blind } from "./records.ts";

/** Milliseconds between two ticks. */
export const TICK_MS = 500;
/** Ticks further apart than this leave a time in which requests may have failed unseen. */
const STALLED_MS = 2_000;

/** One reading of both clocks, in milliseconds. */
export interface Tick {
  /** Since the epoch: goes on while the machine sleeps, and may be set. */
  readonly wall: number;
  /** Since the process started: never set, but stands while the machine sleeps. */
  readonly monotonic: number;
}

/** The blind time between two ticks, if there is one: the process stood still, the machine slept, or its clock was set. */
export function blindBetween(last: Tick, now: Tick): Blind | undefined {
  const wall = now.wall - last.wall;
  const monotonic = now.monotonic - last.monotonic;
  const from = Math.min(last.wall, now.wall);
  const to = Math.max(last.wall, now.wall);
  if (monotonic > STALLED_MS)
    return { from, to: Math.max(to, last.wall + monotonic), reason: "the witness stood still" };
  if (Math.abs(wall - monotonic) <= STALLED_MS) return undefined;
  return { from, to, reason: wall > 0 ? "the machine slept or its clock was set" : "the machine's clock was set back" };
}

/** True when a failure or a delay of an operation may be the witness' own. */
export function hidden(
  operation: { readonly startedAt: number; readonly tookMs: number },
  blind: readonly Blind[],
): boolean {
  const end = operation.startedAt + operation.tookMs;
  return blind.some(({ from, to }) => operation.startedAt < to && end > from);
}
