import type { CloudSpec } from "../api/cloud.ts";
import type { StepId } from "../api/step.ts";
import { contentHash } from "../content/canonical.ts";
import { fieldAt, type KubeObject } from "../kube/types.ts";
import type { StepRecord } from "../plan/expected.ts";
import type { RunningPlan } from "../plan/running.ts";

/** Name of the ConfigMap in the Cloud's namespace. */
export const STATE_NAME = "underpin-state";
/** Name of the ConfigMap that lists every object of the Cloud. */
export const INVENTORY_NAME = "underpin-inventory";

/**
 * What a Cloud should be, without how it is changed and kept: `spec.change` and `spec.drift` may move at any time and
 * change nothing by themselves.
 */
export type SettledSpec = Omit<CloudSpec, "change" | "drift">;

/** What the operator works towards. */
export interface Effect {
  readonly spec: SettledSpec;
  /** Generation in which the spec was first seen. */
  readonly generation: number;
  /** Reference of the operator's image. */
  readonly operator: string;
  /** Name of the Plan that brought it. */
  readonly plan: string;
  /** The Plan was aborted: some of it stays as it was before. */
  readonly aborted?: Aborted;
}

/** What of an aborted Plan is not in effect. */
export interface Aborted {
  /** Steps that were not done: they are kept as `spec` makes them. */
  readonly steps: readonly StepId[];
  /** What was in effect before; absent: nothing. */
  readonly spec?: SettledSpec;
}

/** A Plan that has ended, and whose evidence is still to be gathered. Times are ISO 8601. */
export interface Unproven {
  readonly plan: string;
  readonly from: string;
  readonly to: string;
}

/** The latest spec that was stored, and since when. */
export interface Seen {
  /** `specHash` of it. */
  readonly spec: string;
  /** Generation in which it was first seen. */
  readonly generation: number;
}

/** What the operator must remember between two of its lives; everything else is read from the cluster. */
export interface CloudState {
  /** Hash of each step that was done. */
  readonly done: Readonly<Record<StepId, string>>;
  /** Credentials that have had a value. */
  readonly credentials: readonly string[];
  /** Absent before the first plan was approved. */
  readonly effect?: Effect;
  /** Absent before the first pass of an operator that plans. */
  readonly seen?: Seen;
  /** The Plan that is carried out. */
  readonly running?: RunningPlan;
  /** What was in effect before it. */
  readonly previous?: Effect;
  /** What steps took here. */
  readonly records?: readonly StepRecord[];
  readonly unproven?: readonly Unproven[];
}

/** The spec without how it is changed and kept. Pure. */
export function settledSpec(spec: CloudSpec | SettledSpec): SettledSpec {
  const { change: _change, drift: _drift, ...settled } = spec as CloudSpec;
  return settled;
}

/** Hex SHA-256 of a spec without how it is changed and kept. Pure. */
export function specHash(spec: CloudSpec | SettledSpec): string {
  return contentHash(settledSpec(spec));
}

/** Reads what `writeState` wrote; a missing or unreadable part counts as empty, and is found again in the cluster. */
export function readState(object: KubeObject | undefined): CloudState {
  const part = (name: string): unknown => {
    const text = fieldAt(object, "data", name);
    try {
      return typeof text === "string" ? JSON.parse(text) : undefined;
    } catch {
      return undefined; // somebody edited it: what was done is found done again
    }
  };
  const [effect, seen, running, previous] = ["effect", "seen", "running", "previous"].map(part);
  const [records, unproven] = [part("records"), part("unproven")];
  return {
    done: (part("done") ?? {}) as CloudState["done"],
    credentials: (part("credentials") ?? []) as CloudState["credentials"],
    ...(isEffect(effect) ? { effect } : {}),
    ...(isSeen(seen) ? { seen } : {}),
    ...(isEffect(effect) && isRunning(running) ? { running } : {}),
    ...(isEffect(previous) ? { previous } : {}),
    ...(Array.isArray(records) ? { records: records as readonly StepRecord[] } : {}),
    ...(Array.isArray(unproven) ? { unproven: unproven as readonly Unproven[] } : {}),
  };
}

function isEffect(value: unknown): value is Effect {
  const texts = ["operator", "plan"].every((name) => typeof fieldAt(value, name) === "string");
  return (
    texts && typeof fieldAt(value, "generation") === "number" && typeof fieldAt(value, "spec", "release") === "string"
  );
}

function isSeen(value: unknown): value is Seen {
  return typeof fieldAt(value, "spec") === "string" && typeof fieldAt(value, "generation") === "number";
}

function isRunning(value: unknown): value is RunningPlan {
  const texts = ["plan", "startedAt"].every((name) => typeof fieldAt(value, name) === "string");
  return texts && typeof fieldAt(value, "ended") === "object";
}
