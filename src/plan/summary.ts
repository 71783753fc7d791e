import type { PlanStatus } from "../api/plan.ts";
import type { Expectation } from "./expected.ts";
import type { Plan } from "./plan.ts";

export type Summary = NonNullable<PlanStatus["summary"]>;

/** What a plan does, short enough for the Plan itself: at most 32 KiB. Pure. */
export function summaryOf(plan: Plan, expected: Expectation): Summary {
  const { created, changed, deleted, unchanged } = plan.count;
  return {
    created,
    changed,
    deleted,
    unchanged,
    text: `${created} created, ${changed} changed, ${deleted} deleted`,
    workloads: plan.workloads.slice(0, 128).map(({ controller, effect }) => ({ controller, effect })),
    database: plan.steps.some(({ database }) => database),
    impact: { level: "None" },
    ...(expected.seconds === undefined ? {} : { expectedSeconds: expected.seconds }),
    dataAtRisk: plan.dataAtRisk.slice(0, 64),
    refused: plan.refused.slice(0, 32).map(({ key, message }) => `${key}: ${message}`.slice(0, 1024)),
    takenBack: "Yes: underpin undo PLAN",
  };
}
