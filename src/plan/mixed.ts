import { type ObjectKey, objectKey } from "../api/manifest.ts";
import type { StepId } from "../api/step.ts";
import { contentHash } from "../content/canonical.ts";
import type { PlannedStep } from "./graph.ts";

/** What stands behind steps of the old side though its own step is done anew: the configuration that their pods name. */
const BEHIND = "aborted/behind";

/**
 * The steps of a cloud whose plan was aborted: the new ones, but for `kept` and what only the old side has the old ones.
 * An object of both sides is the new side's. A step needs of the others those that are there. In order. Pure.
 */
export function mixedSteps(
  next: readonly PlannedStep[],
  previous: readonly PlannedStep[],
  kept: readonly StepId[],
): readonly PlannedStep[] {
  const stays = new Set(kept);
  const nextIds = new Set(next.map(({ step }) => step.id));
  const fresh = next.filter(({ step }) => !stays.has(step.id));
  const isOld = ({ step }: PlannedStep): boolean => stays.has(step.id) || !nextIds.has(step.id);
  const taken = new Set<ObjectKey>(fresh.flatMap(({ objects }) => objects.map(objectKey)));
  const old = previous.filter(isOld).map((one) => without(one, taken));
  const replaced = previous.filter((one) => !isOld(one)).map((one) => without(one, taken));
  // A Job that ran is not run again.
  const behind = replaced.flatMap(({ objects }) => objects.filter(({ kind }) => kind !== "Job"));
  const all = [...(behind.length === 0 ? [] : [behindStep(behind)]), ...fresh, ...old];
  return inOrder(all);
}

function behindStep(objects: PlannedStep["objects"]): PlannedStep {
  const keys = objects.map(objectKey);
  return {
    step: {
      id: BEHIND,
      type: "apply",
      objects: keys,
      until: "applied",
      needs: [],
      onFailure: "See what the API server says of the object.",
      timeoutSeconds: 60,
    },
    objects,
    hash: contentHash(objects).slice(0, 16),
  };
}

function without(one: PlannedStep, taken: ReadonlySet<ObjectKey>): PlannedStep {
  const { step } = one;
  const objects = one.objects.filter((object) => !taken.has(objectKey(object)));
  if (step.type === "call") return { ...one, objects };
  return { ...one, objects, step: { ...step, objects: step.objects.filter((key) => !taken.has(key)) } };
}

/** Each step after those that it needs. A circle, which two sides may make together, is cut where it is met. */
function inOrder(steps: readonly PlannedStep[]): readonly PlannedStep[] {
  const byId = new Map(steps.map((one) => [one.step.id, one]));
  const order: PlannedStep[] = [];
  const seen = new Set<StepId>();
  const place = (one: PlannedStep): void => {
    if (seen.has(one.step.id)) return;
    seen.add(one.step.id);
    for (const id of one.step.needs) {
      const need = byId.get(id);
      if (need !== undefined) place(need);
    }
    const before = new Set(order.map(({ step }) => step.id));
    order.push({ ...one, step: { ...one.step, needs: one.step.needs.filter((id) => before.has(id)) } });
  };
  for (const one of steps) place(one);
  return order;
}
