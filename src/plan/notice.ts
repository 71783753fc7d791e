import type { Impact } from "../api/step.ts";
import type { Expectation } from "./expected.ts";
import type { Plan, PlanStep } from "./plan.ts";
import { covered, schedule } from "./schedule.ts";

/** The worst that users notice, of whose requests, and for how long as far as that is known. */
export type Notice =
  { readonly level: "None" } | { readonly level: Impact["level"]; readonly on: string; readonly seconds?: number };

const WORST_FIRST: readonly Impact["level"][] = ["Fails", "WritesFail", "ReadsSlow"];

/**
 * What users notice at worst while a plan runs. A step's impact lasts no longer than the step itself took before, and where
 * nothing was measured as long as the step declares; two that go on at the same time count once. What is taken away fails. Pure.
 */
export function worstNotice({ steps, workloads }: Pick<Plan, "steps" | "workloads">, expected: Expectation): Notice {
  const stop = workloads.filter(({ effect }) => effect === "stops").map(({ workload }) => workload);
  // For good: there are no seconds to tell.
  if (stop.length > 0) return { level: "Fails", on: `what is taken away: ${[...new Set(stop)].join(", ")}` };
  const level = WORST_FIRST.find((one) => steps.some(({ impact }) => impact?.level === one));
  if (level === undefined) return { level: "None" };
  const worst = steps.filter(({ impact }) => impact?.level === level);
  const on = [...new Set(worst.map(({ impact }) => impact?.on ?? ""))].join(", ");
  const seconds = lasting(steps, worst, expected);
  return { level, on, ...(seconds === undefined ? {} : { seconds: Math.round(seconds * 10) / 10 }) };
}

function lasting(steps: readonly PlanStep[], worst: readonly PlanStep[], expected: Expectation): number | undefined {
  const lengths = worst.map(({ id, impact }) => expected.steps[id] ?? impact?.seconds);
  if (lengths.includes(undefined)) return undefined;
  const spans = schedule(steps, (id) => expected.steps[id]);
  const measured = worst.flatMap(({ id }) => spans.get(id) ?? []);
  if (measured.length === worst.length) return covered(measured);
  // When they begin is not known: one after the other at worst.
  return (lengths as number[]).reduce((sum, seconds) => sum + seconds, 0);
}
