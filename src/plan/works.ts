import type { StepId } from "../api/step.ts";
import type { Effect } from "./impact.ts";
import type { Plan, PlanStep } from "./plan.ts";

export type Planned = Pick<Plan, "steps" | "workloads">;

/**
 * What a step does that takes its time. Beside a controller's effects:
 * - `job`: runs a Job to its end
 * - `call`: asks an API of the cloud until it answers
 * - `applies`: writes objects that nobody has to wait for
 * - `finds`: finds its objects as they should be
 */
export type Kind = Effect | "job" | "call" | "applies" | "finds";

/** Effects in order of what takes longest: a step with several controllers waits for the slowest. */
const SLOWEST_FIRST: readonly Effect[] = ["recreates", "rolls", "starts", "scales", "stops", "waits", "reloads"];

/** Kinds that start programs: they take each other's processor time. */
const HEAVY: ReadonlySet<Kind> = new Set<Kind>(["recreates", "rolls", "starts", "scales", "job"]);

/**
 * Which kind of work each step is, and amid how much else: `rolls/4` rolls while four to seven steps of the plan start
 * programs. Steps that are equal in both take about as long. Pure.
 */
export function worksOf(plan: Planned): ReadonlyMap<StepId, string> {
  const load = loadOf(plan);
  return new Map(plan.steps.map((step) => [step.id, `${kindOf(plan, step)}/${load}`]));
}

/** The power of two below the number of steps that start programs; 0 for none. Pure. */
export function loadOf(plan: Planned): number {
  const heavy = plan.steps.filter((step) => HEAVY.has(kindOf(plan, step))).length;
  return heavy === 0 ? 0 : 2 ** Math.floor(Math.log2(heavy));
}

/** The kind alone, without the load. */
export function kindOfWork(work: string): string {
  return work.split("/")[0] ?? work;
}

function kindOf({ workloads }: Planned, { type, does, database }: PlanStep): Kind {
  if (type === "call") return "call";
  if (database) return "job";
  if (does.length === 0) return "finds";
  const effects = new Set(workloads.filter(({ controller }) => does.includes(controller)).map(({ effect }) => effect));
  return SLOWEST_FIRST.find((effect) => effects.has(effect)) ?? "applies";
}
