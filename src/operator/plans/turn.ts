import type { Cloud } from "../../api/cloud.ts";
import type { PlanStatus } from "../../api/plan.ts";
import type { CloudState, Effect, SettledSpec } from "../../desired/state.ts";
import { settledSpec, specHash } from "../../desired/state.ts";

/** What a pass may do. */
export type Turn = Work | Wait;

/** Make the cloud what is in effect. */
export interface Work {
  readonly type: "work";
  /** The Cloud with the spec that is in effect. */
  readonly cloud: Cloud;
  readonly state: CloudState;
  readonly change: Change | undefined;
}

/** Nothing may be written: nothing is in effect, or a newer operator would write other objects. */
export interface Wait {
  readonly type: "wait";
  readonly state: CloudState;
  readonly change: Change;
}

/** A change of the Cloud that is not in effect yet. */
export interface Change {
  readonly reason: "AwaitingApproval" | "Queued" | "PlanRefused" | "CannotPlan";
  readonly message: string;
  /** Name of the Plan, when there is one. */
  readonly plan?: string;
  /** Seconds until it is looked at again when no event comes before. */
  readonly again?: number;
}

export type Summary = NonNullable<PlanStatus["summary"]>;

/** The state with the generation in which the spec outside `spec.change` changed last. Pure. */
export function withSeen(state: CloudState, cloud: Cloud): CloudState {
  const spec = specHash(cloud.spec);
  if (state.seen?.spec === spec) return state;
  return { ...state, seen: { spec, generation: cloud.metadata.generation } };
}

/** Whether the spec that was seen last, carried out by this operator, is what is in effect. Pure. */
export function isInEffect({ effect, seen }: CloudState, operator: string): boolean {
  return effect?.operator === operator && specHash(effect.spec) === seen?.spec;
}

/** The Cloud as it is worked towards: the spec in effect, and how it is changed and kept as it is stored now. Pure. */
export function cloudInEffect(cloud: Cloud, spec: SettledSpec): Cloud {
  const { change, drift } = cloud.spec;
  return { ...cloud, spec: { ...spec, change, drift } };
}

/** What a Plan puts into effect. Pure. */
export function effectOf(cloud: Cloud, state: CloudState, context: { operator: string; plan: string }): Effect {
  const generation = state.seen?.generation ?? cloud.metadata.generation;
  return { spec: settledSpec(cloud.spec), generation, ...context };
}
