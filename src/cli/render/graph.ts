// The graph of a plan's steps as it is drawn: in order, without what is said twice, by workload, with its longest chain.
import type { Plan as StoredPlan, PlanStatus } from "../../api/plan.ts";
import type { Expectation } from "../../plan/expected.ts";
import type { Plan } from "../../plan/plan.ts";

export type StepState = NonNullable<PlanStatus["steps"]>[number]["state"];

export interface GraphStep {
  /** `workload/step`. */
  readonly id: string;
  /** Steps that come before. */
  readonly after: readonly string[];
  readonly state: StepState;
  readonly expectedSeconds?: number | undefined;
  readonly seconds?: number | undefined;
  readonly startedAt?: string | undefined;
}

/** The steps of a plan that was made now. */
export function graphOf({ steps }: Plan, expected: Expectation): readonly GraphStep[] {
  return ordered(steps.map(({ id, after }) => ({ id, after, state: "Waiting", expectedSeconds: expected.steps[id] })));
}

/** The steps of a Plan that is kept, with what became of them. */
export function graphOfStored({ status }: StoredPlan): readonly GraphStep[] {
  return ordered(status?.steps ?? []);
}

/**
 * The steps so that each stands after those that it waits for, and otherwise as they were. What one waits for and is no step
 * of the graph is left out, and so is what would make a circle.
 */
export function ordered(steps: readonly GraphStep[]): readonly GraphStep[] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const placed = new Map<string, GraphStep>();
  const open = new Set<string>();
  const place = (step: GraphStep): void => {
    if (placed.has(step.id) || open.has(step.id)) return;
    open.add(step.id);
    for (const id of step.after) {
      const before = byId.get(id);
      if (before !== undefined) place(before);
    }
    open.delete(step.id);
    placed.set(step.id, { ...step, after: [...new Set(step.after)].filter((id) => placed.has(id)) });
  };
  for (const step of byId.values()) place(step);
  return [...placed.values()];
}

/** Of each step what it waits for, without what follows from the rest. `steps` are in order. */
export function directNeeds(steps: readonly GraphStep[]): ReadonlyMap<string, readonly string[]> {
  const before = new Map<string, ReadonlySet<string>>();
  const found = new Map<string, readonly string[]>();
  for (const { id, after } of steps) {
    const implied = new Set(after.flatMap((need) => [...(before.get(need) ?? [])]));
    found.set(
      id,
      after.filter((need) => !implied.has(need)),
    );
    before.set(id, new Set([...implied, ...after]));
  }
  return found;
}

export interface Chain {
  readonly ids: ReadonlySet<string>;
  /** Seconds that it takes or took; undefined when of no step anything is known. */
  readonly seconds: number | undefined;
}

/** The steps that the whole waits for longest, by what they took or are expected to; all alike where nothing is known. */
export function longestChain(steps: readonly GraphStep[]): Chain {
  const known = steps.some((step) => lengthOf(step) !== undefined);
  const ends = new Map<string, { readonly end: number; readonly from: string | undefined }>();
  for (const step of steps) {
    const last = step.after
      .map((id) => ({ id, end: ends.get(id)?.end ?? 0 }))
      .reduce<{ id: string; end: number } | undefined>((a, b) => (a === undefined || b.end > a.end ? b : a), undefined);
    // A step of which nothing is known counts a little: a chain through it is longer than one without.
    const length = lengthOf(step) ?? (known ? 0.001 : 1);
    ends.set(step.id, { end: (last?.end ?? 0) + length, from: last?.id });
  }
  const [last] = [...ends].toSorted(([, a], [, b]) => b.end - a.end);
  const ids = new Set<string>();
  for (let id = last?.[0]; id !== undefined; id = ends.get(id)?.from) ids.add(id);
  return { ids, seconds: known ? last?.[1].end : undefined };
}

function lengthOf({ seconds, expectedSeconds }: GraphStep): number | undefined {
  return seconds ?? expectedSeconds;
}

export interface LaneStep extends GraphStep {
  readonly name: string;
  /** Whether it follows the step before it in the row. */
  readonly joined: boolean;
  /** What it waits for besides: names of steps of the lane, ids of others. */
  readonly waitsFor: readonly string[];
}

/** The steps of one workload; each row is a chain of steps that follow each other. */
export interface Lane {
  readonly workload: string;
  readonly rows: readonly (readonly LaneStep[])[];
}

/** Every step once, by workload, in the order in which the workloads begin. `steps` are in order. */
export function lanesOf(steps: readonly GraphStep[]): readonly Lane[] {
  const needs = directNeeds(steps);
  return [...Map.groupBy(steps, ({ id }) => workloadOf(id))].map(([workload, found]) => {
    const rows: LaneStep[][] = [];
    for (const step of found) {
      const direct = needs.get(step.id) ?? [];
      const row = rows.find((one) => direct.includes(one.at(-1)?.id ?? ""));
      const before = row?.at(-1)?.id;
      const waitsFor = direct
        .filter((id) => id !== before)
        .map((id) => (workloadOf(id) === workload ? nameOf(id) : id));
      const placed = { ...step, name: nameOf(step.id), joined: row !== undefined, waitsFor };
      if (row === undefined) rows.push([placed]);
      else row.push(placed);
    }
    return { workload, rows };
  });
}

export function workloadOf(id: string): string {
  return id.split("/", 1)[0] ?? id;
}

function nameOf(id: string): string {
  const slash = id.indexOf("/");
  return slash < 0 ? id : id.slice(slash + 1);
}
