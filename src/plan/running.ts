import type { PlanPhase, PlanStatus } from "../api/plan.ts";
import type { StepId } from "../api/step.ts";
import type { Expectation } from "./expected.ts";
import type { PlanStep } from "./plan.ts";

/** What is remembered of a plan while it is carried out; all else of its standing follows from it. Times are ISO 8601. */
export interface RunningPlan {
  /** Name of the Plan. */
  readonly plan: string;
  readonly startedAt: string;
  /** When each step was done. */
  readonly ended: Readonly<Record<StepId, string>>;
  /** Steps that ran when it was paused or aborted: they alone go on. Absent: it was neither. */
  readonly held?: readonly StepId[];
  /** It was paused meanwhile: its seconds are no measure for others. */
  readonly interrupted?: boolean;
  /** A step does not succeed: the plan gives way to the next change. */
  readonly failed?: boolean;
}

/** How a step stands in one pass of an execution. */
export interface StepView {
  readonly state: "done" | "running" | "blocked" | "held" | "failed";
  readonly message?: string;
}

/** The note of an evidence that stands in for the one that is still gathered. */
export const NOT_ASKED = "The witness has not been asked yet.";

export type StepStatus = NonNullable<PlanStatus["steps"]>[number];

type Steps = readonly Pick<PlanStep, "id" | "after" | "timeoutSeconds">[];

/** When a step began: when the last of those before it in the plan was done. Undefined: it waits. Pure. */
export function beganAt(running: RunningPlan, after: readonly StepId[]): string | undefined {
  const times = after.map((id) => running.ended[id]);
  if (times.some((time) => time === undefined)) return undefined;
  return [running.startedAt, ...(times as string[])].toSorted().at(-1);
}

/** The running plan after a pass: what is done now, and was not, is done at `now`. Pure. */
export function withPass(
  running: RunningPlan,
  steps: Steps,
  pass: ReadonlyMap<StepId, StepView>,
  now: Date,
): RunningPlan {
  const time = now.toISOString();
  const fresh = steps.filter(({ id }) => running.ended[id] === undefined && pass.get(id)?.state === "done");
  const ended = { ...running.ended, ...Object.fromEntries(fresh.map(({ id }) => [id, time])) };
  const failed = steps.some((step) => isStuck({ ...running, ended }, step, pass.get(step.id), now));
  const { failed: _before, ...rest } = running;
  return { ...rest, ended, ...(failed ? { failed } : {}) };
}

/** The running plan while its Plan says that no further step begins; and again when it says so no more. Pure. */
export function withAction(
  running: RunningPlan,
  action: "Run" | "Pause" | "Abort",
  ran: readonly StepId[],
): RunningPlan {
  if (action === "Run") {
    const { held, ...rest } = running;
    return held === undefined ? running : { ...rest, interrupted: true };
  }
  return running.held === undefined ? { ...running, held: [...ran].toSorted() } : running;
}

/** Whether a step may begin, or go on. Pure. */
export function mayRun(running: RunningPlan | undefined, id: StepId): boolean {
  return running?.held === undefined || running.held.includes(id);
}

/**
 * Whether an aborted plan has come to its end: of what ran, each is done, failed, or takes longer than it may. What changes a
 * database is waited for, however long it takes. Pure.
 */
export function isAborted(
  running: RunningPlan,
  steps: readonly PlanStep[],
  pass: ReadonlyMap<StepId, StepView>,
  now: Date,
): boolean {
  return (running.held ?? []).every((id) => {
    const view = pass.get(id);
    if (view?.state !== "running") return true;
    const step = steps.find((one) => one.id === id);
    return step?.database === false && isStuck(running, step, view, now);
  });
}

/** Each step of a plan as its status tells it. Pure. */
export function stepStatuses(
  running: RunningPlan,
  steps: readonly PlanStep[],
  context: {
    readonly pass: ReadonlyMap<StepId, StepView>;
    readonly expected: Expectation;
    readonly now: Date;
    readonly onFailure: (id: StepId) => string | undefined;
  },
): readonly StepStatus[] {
  return steps.map((step): StepStatus => {
    const { id, after } = step;
    const view = context.pass.get(id);
    const [began, end] = [beganAt(running, after), running.ended[id]];
    const known = context.expected.steps[id];
    const common = { id, after: [...after], ...(known === undefined ? {} : { expectedSeconds: known }) };
    if (end !== undefined) {
      const from = began ?? running.startedAt;
      return { ...common, state: "Done", startedAt: from, seconds: secondsBetween(from, end) };
    }
    if (began === undefined || view === undefined || view.state === "blocked" || view.state === "held")
      return { ...common, state: "Waiting" };
    const stuck = isStuck(running, step, view, context.now);
    const message = (view.message ?? "").slice(0, 4000);
    const next = context.onFailure(id);
    return {
      ...common,
      state: stuck ? "Failed" : "Running",
      startedAt: began,
      ...(message === "" ? {} : { message: view.state === "failed" ? message : stuck ? late(step, message) : message }),
      ...(stuck && next !== undefined ? { next } : {}),
    };
  });
}

/** After an abort: what was done stays new, what was not is put back, or never was. Pure. */
export function abortedSteps(statuses: readonly StepStatus[]): readonly StepStatus[] {
  return statuses.map((step) =>
    step.state === "Done" ? { ...step, side: "New" } : { ...step, state: "Skipped", side: "Old" },
  );
}

/** Where a running plan stands. Pure. */
export function phaseOf(running: RunningPlan): PlanPhase {
  if (running.held !== undefined) return "Paused";
  return running.failed === true ? "Failed" : "Running";
}

function isStuck(
  running: RunningPlan,
  { id, after, timeoutSeconds }: Steps[number],
  view: StepView | undefined,
  now: Date,
): boolean {
  if (running.ended[id] !== undefined || view === undefined) return false;
  if (view.state === "failed") return true;
  const began = beganAt(running, after);
  return view.state === "running" && began !== undefined && secondsBetween(began, now.toISOString()) > timeoutSeconds;
}

function late({ timeoutSeconds }: PlanStep, message: string): string {
  return `it takes longer than the ${timeoutSeconds} s that it may: ${message}`;
}

/** Seconds between two times, rounded to tenths. Pure. */
export function secondsBetween(from: string, to: string): number {
  return Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 100) / 10);
}
