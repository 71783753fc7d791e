import type { StepId } from "../api/step.ts";
import type { PlanStep } from "./plan.ts";

/** When a step begins and ends, in seconds after a common moment. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * The span of each step, when each begins as soon as those before it are done. A step whose length is not known, or
 * that comes after one, has none. `steps` are in order. Pure.
 */
export function schedule(
  steps: readonly Pick<PlanStep, "id" | "after">[],
  lengthOf: (id: StepId, from: number) => number | undefined,
): ReadonlyMap<StepId, Span> {
  const ids = new Set(steps.map(({ id }) => id));
  const spans = new Map<StepId, Span>();
  for (const { id, after } of steps) {
    const before = after.filter((one) => ids.has(one)).map((one) => spans.get(one)?.to);
    if (before.includes(undefined)) continue;
    const from = Math.max(0, ...(before as number[]));
    const length = lengthOf(id, from);
    if (length !== undefined) spans.set(id, { from, to: from + length });
  }
  return spans;
}

/** When the last step ends; undefined when one has no span. Pure. */
export function endOf(steps: readonly Pick<PlanStep, "id">[], spans: ReadonlyMap<StepId, Span>): number | undefined {
  if (spans.size < steps.length) return undefined;
  return Math.max(0, ...[...spans.values()].map(({ to }) => to));
}

/** Seconds that are in at least one of the spans. Pure. */
export function covered(spans: readonly Span[]): number {
  let seconds = 0;
  let until = -Infinity;
  for (const { from, to } of spans.toSorted((a, b) => a.from - b.from)) {
    seconds += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return seconds;
}
