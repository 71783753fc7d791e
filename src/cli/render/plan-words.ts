// The words in which plans are told.
import type { Plan as StoredPlan, PlanPhase } from "../../api/plan.ts";
import type { Effect } from "../../plan/impact.ts";
import type { Plan } from "../../plan/plan.ts";
import { NOT_ASKED } from "../../plan/running.ts";
import type { Summary } from "../../plan/summary.ts";

/** A head and what is said under it; a command is never divided, for it is to be copied. */
export interface Row {
  readonly head: string;
  readonly text: string;
  readonly command?: true;
}

/** In order of what a reader must know first. */
const EFFECTS: readonly (readonly [Effect, string])[] = [
  ["stops", "stop"],
  ["recreates", "restart, the old ones gone before new ones come"],
  ["rolls", "roll, new ones ready before old ones go"],
  ["waits", "change when somebody deletes them"],
  ["scales", "become more or fewer"],
  ["reloads", "take changed options as they run"],
  ["starts", "start"],
];

const IMPACTS = {
  ReadsSlow: "slow",
  WritesFail: "changes fail or wait",
  Fails: "fails",
} as const;

/** What becomes of the pods, a row an effect. */
export function podRows(workloads: readonly { readonly controller: string; readonly effect: string }[]): Row[] {
  const known: readonly string[] = EFFECTS.map(([effect]) => effect);
  const others = [...new Set(workloads.map(({ effect }) => effect))].filter((effect) => !known.includes(effect));
  return [...EFFECTS, ...others.map((effect) => [effect, effect] as const)].flatMap(([effect, words]): Row[] => {
    const names = workloads.filter((one) => one.effect === effect).map(({ controller }) => nameOf(controller));
    return names.length === 0 ? [] : [{ head: "pods", text: `${words}: ${names.join(", ")}` }];
  });
}

/** What users notice: `every API: fails while pods are replaced, for about 12 s`. */
export function impactWords({ level, on, seconds }: Summary["impact"]): string {
  if (level === "None") return "none that a step declares";
  const long = seconds === undefined ? "" : `, for about ${duration(seconds)}`;
  return `${on ?? "requests"}: ${IMPACTS[level]} while pods are replaced${long}`;
}

/** `1 created, 11 changed, 0 deleted; 90 stay as they are`. */
export function countWords({ created, changed, deleted, unchanged }: Plan["count"]): string {
  return `${created} created, ${changed} changed, ${deleted} deleted; ${unchanged} stay as they are`;
}

/** Seconds for people: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  if (whole < 120) return `${whole} s`;
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  if (minutes < 120) return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function about(seconds: number | undefined): string {
  return seconds === undefined ? "not known: nothing like it was done here before" : `about ${duration(seconds)}`;
}

/** Phases in which nothing more will happen. */
export function isOver(phase: PlanPhase | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed" || phase === "Aborted" || phase === "Superseded";
}

/** What was carried out gets evidence; it comes some seconds after the end. */
export function awaitsEvidence({ status }: StoredPlan): boolean {
  return !isGathered(status?.evidence) && (status?.phase === "Succeeded" || status?.phase === "Aborted");
}

/** Whether somebody was asked what users noticed; before that it is no word about the witness. */
export function isGathered(evidence: NonNullable<StoredPlan["status"]>["evidence"]): boolean {
  return evidence !== undefined && evidence.notes?.includes(NOT_ASKED) !== true;
}

/** What is said of it meanwhile. */
export const GATHERING = "The witness's last answers are awaited: what users noticed follows.";

/** First digits of a hash: what people compare, and what a command takes for it. */
export function short(hash: string): string {
  return hash.slice(0, 12);
}

export function nameOf(key: string): string {
  return key.split("/").at(-1) ?? key;
}

export function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
