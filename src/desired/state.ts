import type { CloudSpec } from "../api/cloud.ts";
import type { StepId } from "../api/step.ts";
import { contentHash } from "../content/canonical.ts";
import { fieldAt, type KubeObject } from "../kube/types.ts";

/** Name of the ConfigMap in the Cloud's namespace. */
export const STATE_NAME = "underpin-state";
/** Name of the ConfigMap that lists every object of the Cloud. */
export const INVENTORY_NAME = "underpin-inventory";

/** What a Cloud should be, without how it is changed: `spec.change` may move at any time and changes nothing by itself. */
export type SettledSpec = Omit<CloudSpec, "change">;

/** What the operator works towards. */
export interface Effect {
  readonly spec: SettledSpec;
  /** Generation in which the spec was first seen. */
  readonly generation: number;
  /** Reference of the operator's image. */
  readonly operator: string;
  /** Name of the Plan that brought it. */
  readonly plan: string;
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
}

/** The spec without how it is changed. Pure. */
export function settledSpec(spec: CloudSpec | SettledSpec): SettledSpec {
  const { change: _change, ...settled } = spec as CloudSpec;
  return settled;
}

/** Hex SHA-256 of a spec without how it is changed. Pure. */
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
  const [effect, seen] = [part("effect"), part("seen")];
  return {
    done: (part("done") ?? {}) as CloudState["done"],
    credentials: (part("credentials") ?? []) as CloudState["credentials"],
    ...(isEffect(effect) ? { effect } : {}),
    ...(isSeen(seen) ? { seen } : {}),
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
