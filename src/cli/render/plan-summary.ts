// What a reader must know of a plan before it is approved, short.
import type { Plan as StoredPlan } from "../../api/plan.ts";
import type { Expectation } from "../../plan/expected.ts";
import type { Plan } from "../../plan/plan.ts";
import { type Summary, summaryOf } from "../../plan/summary.ts";
import { about, counted, countWords, impactWords, podRows, type Row, short } from "./plan-words.ts";

/** What is known of a plan beside itself. */
export interface Known {
  /** The command that a reader gives next. */
  readonly next?: string | undefined;
  /** What earlier executions let expect. */
  readonly expected?: Expectation | undefined;
}

export const NOTHING_KNOWN: Expectation = { steps: {}, beyondSteps: 0 };

/** The rows of a plan that was made now; what must be seen comes first. */
export function planRows(plan: Plan, { next, expected = NOTHING_KNOWN }: Known): Row[] {
  const made = plan.steps.filter(({ database }) => database).map(({ id }) => id);
  const whole = {
    ...summaryOf(plan, expected),
    workloads: plan.workloads,
    dataAtRisk: plan.dataAtRisk,
    refused: plan.refused.map(({ key, message }) => `${key}: ${message}`),
  };
  return [
    ...summaryRows(whole, made.length === 0 ? undefined : made.join(", ")),
    ...optionRows(plan),
    { head: "steps", text: plan.steps.length === 0 ? "none" : String(plan.steps.length) },
    ...plan.notes.map((text): Row => ({ head: "note", text })),
    ...provisionalRows(plan.provisional.length),
    ...(plan.approximate === undefined ? hashRows(plan.hash, next) : [NO_HASH]),
  ];
}

const NO_HASH: Row = { head: "hash", text: "none: what was made of a snapshot cannot be approved" };

/** The rows of a Plan that is kept in the cluster. */
export function storedRows({ metadata, status }: StoredPlan, next: string | undefined): Row[] {
  const { summary, hash } = status ?? {};
  // The sentence was written before the Plan had its name.
  const named = summary && { ...summary, takenBack: summary.takenBack.replace("undo PLAN", `undo ${metadata.name}`) };
  return [
    ...(named === undefined ? [] : summaryRows(named)),
    ...approvalRows(status?.approval),
    ...(hash === undefined ? [] : hashRows(hash, next)),
  ];
}

const APPROVED_BY = { Policy: "by policy", Cloud: "in the Cloud", PlanApproval: "by a PlanApproval" } as const;

function approvalRows(approval: NonNullable<StoredPlan["status"]>["approval"]): Row[] {
  if (approval === undefined) return [];
  return [{ head: "approved", text: `${approval.user}, ${APPROVED_BY[approval.by]}, ${approval.time}` }];
}

function summaryRows(summary: Summary, databases = summary.database ? "made or changed" : undefined): Row[] {
  const { dataAtRisk, takenBack } = summary;
  return [
    ...summary.refused.map((text): Row => ({ head: "REFUSED", text })),
    ...dataAtRisk.map((key): Row => ({ head: "DATA LOST", text: `${key} is deleted with what it holds` })),
    { head: "change", text: summary.text },
    { head: "objects", text: countWords(summary) },
    { head: "impact", text: impactWords(summary.impact) },
    { head: "time", text: about(summary.expectedSeconds) },
    ...podRows(summary.workloads),
    { head: "databases", text: databases ?? "not touched" },
    ...(dataAtRisk.length === 0 ? [{ head: "data", text: "no volume is deleted" }] : []),
    ...(takenBack === "" ? [] : [{ head: "way back", text: takenBack }]),
  ];
}

/** `nova 6, placement 1`. */
function optionRows({ configuration }: Plan): Row[] {
  if (configuration.length === 0) return [];
  const byWorkload = [...Map.groupBy(configuration, ({ workload }) => workload)];
  const text = byWorkload.map(([workload, found]) => `${workload} ${found.length}`).join(", ");
  return [{ head: "options", text: `${counted(configuration.length, "line")} of configuration: ${text}` }];
}

function provisionalRows(number: number): Row[] {
  if (number === 0) return [];
  return [{ head: "note", text: `${counted(number, "object")} with content that is made when it is carried out` }];
}

function hashRows(hash: string, next: string | undefined): Row[] {
  return [
    { head: "hash", text: hash, command: true },
    ...(next === undefined ? [] : [{ head: "next", text: next, command: true } as const]),
  ];
}

/** `plan 3f9a1c2b7d10`, or `plan laptop-7 (3f9a1c2b7d10)`. */
export function titleOf(name: string | undefined, hash: string | undefined): string {
  const digits = hash === undefined ? "" : short(hash);
  if (name === undefined) return `plan ${digits}`;
  return digits === "" ? `plan ${name}` : `plan ${name} (${digits})`;
}
