// What two plans have and do not have in common.
import type { ObjectKey } from "../api/manifest.ts";
import { canonicalJson } from "../content/canonical.ts";
import type { ObjectChange } from "./changes.ts";
import type { PlanContent } from "./content.ts";
import { type FieldChange, fieldChanges } from "./fields.ts";
import type { PlanStep } from "./plan.ts";

/** How a thing stands in two plans: in one of them alone, or in both with a difference. */
export interface Difference<T> {
  readonly name: string;
  readonly first?: T;
  readonly second?: T;
}

export interface PlanDifference {
  /** Fields of the Cloud that the plans lead to; `before` is the first plan's. */
  readonly spec: readonly FieldChange[];
  /** Fields of the Cloud that they lead from. */
  readonly from: readonly FieldChange[];
  readonly objects: readonly Difference<ObjectChange>[];
  readonly steps: readonly Difference<PlanStep>[];
  /** Objects and steps that are the same in both. */
  readonly same: { readonly objects: number; readonly steps: number };
}

/** Pure. */
export function planDifference(first: PlanContent, second: PlanContent): PlanDifference {
  const objects = byName(first.plan.objects, second.plan.objects, ({ key }) => stable(key));
  const steps = byName(first.plan.steps, second.plan.steps, ({ id }) => id);
  const differs = <T>(one: Difference<T>): boolean => canonicalJson(one.first) !== canonicalJson(one.second);
  const changedObjects = objects.filter(differs);
  const changedSteps = steps.filter(differs);
  return {
    spec: fieldChanges(first.after, second.after),
    from: fieldChanges(first.before ?? {}, second.before ?? {}),
    objects: changedObjects,
    steps: changedSteps,
    same: { objects: objects.length - changedObjects.length, steps: steps.length - changedSteps.length },
  };
}

/** The key without the hash of the content: the same object with another content is the same thing. */
function stable(key: ObjectKey): string {
  return key.replace(/-[0-9a-f]{10}$/, "");
}

function byName<T>(first: readonly T[], second: readonly T[], nameOf: (one: T) => string): Difference<T>[] {
  const [was, is] = [first, second].map((list) => numbered(list, nameOf)) as [Map<string, T>, Map<string, T>];
  return [...new Set([...was.keys(), ...is.keys()])].map((name) => {
    const [one, other] = [was.get(name), is.get(name)];
    return { name, ...(one === undefined ? {} : { first: one }), ...(other === undefined ? {} : { second: other }) };
  });
}

/** Several of one name are told apart by their order. */
function numbered<T>(list: readonly T[], nameOf: (one: T) => string): Map<string, T> {
  const found = new Map<string, T>();
  for (const one of list) {
    const name = nameOf(one);
    let free = name;
    for (let number = 2; found.has(free); number += 1) free = `${name} (${number})`;
    found.set(free, one);
  }
  return found;
}
