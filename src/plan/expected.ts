import type { StepId } from "../api/step.ts";
import type { Plan } from "./plan.ts";

/**
 * What a step took once. Its seconds go from the moment when all that it needs within the plan was done (the plan's begin,
 * when it needs nothing) to the moment when it was done. A step that was paused, failed or given up leaves no record.
 */
export interface StepRecord {
  readonly id: StepId;
  readonly seconds: number;
  /** Which kind of work it was, from `worksOf`. */
  readonly work: string;
  /** ISO 8601. */
  readonly endedAt: string;
}

/** An execution that came to its end. */
export interface Execution {
  /** The steps that were done. */
  readonly steps: readonly { readonly id: StepId; readonly seconds: number; readonly endedAt: string }[];
  /** From begin to end. */
  readonly seconds: number;
  readonly endedAt: string;
}

/** What earlier executions let expect; what is not known is absent. */
export interface Expectation {
  /** Seconds of each step. */
  readonly steps: Readonly<Record<StepId, number>>;
  /** Seconds of the whole, by its slowest path. */
  readonly seconds?: number;
}

type Planned = Pick<Plan, "steps" | "workloads">;

/** Which kind of work each step is. Pure. */
export function worksOf(plan: Planned): ReadonlyMap<StepId, string> {
  return new Map(plan.steps.map(({ id, type }) => [id, type]));
}

/** The records that an execution leaves: one for each step that was done, and one of the whole. Pure. */
export function recordsOf(plan: Planned, ended: Execution): readonly StepRecord[] {
  const works = worksOf(plan);
  return ended.steps.map((step) => ({ ...step, work: works.get(step.id) ?? "" }));
}

/** The records worth keeping: the latest few of each step and kind of work. Pure. */
export function keptRecords(records: readonly StepRecord[]): readonly StepRecord[] {
  return records;
}

/** What a plan is expected to take. Pure. */
export function expectationOf(_plan: Planned, _records: readonly StepRecord[]): Expectation {
  return { steps: {} };
}

/** Where a running plan stands. */
export interface Standing {
  /** ISO 8601. */
  readonly now: string;
  readonly steps: Readonly<
    Record<
      StepId,
      { readonly state: "Waiting" | "Running" | "Done" | "Failed" | "Skipped"; readonly startedAt?: string }
    >
  >;
}

/** Seconds until a running plan ends; undefined when a step that is left is not known. Pure. */
export function remainingSeconds(_plan: Planned, _expected: Expectation, _standing: Standing): number | undefined {
  return undefined;
}
