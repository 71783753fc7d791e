import type { StepId } from "../api/step.ts";
import { fieldAt, type KubeObject } from "../kube/types.ts";

/** Name of the ConfigMap in the Cloud's namespace. */
export const STATE_NAME = "underpin-state";
/** Name of the ConfigMap that lists every object of the Cloud. */
export const INVENTORY_NAME = "underpin-inventory";

/** What the operator must remember between two of its lives; everything else is read from the cluster. */
export interface CloudState {
  /** Hash of each step that was done. */
  readonly done: Readonly<Record<StepId, string>>;
  /** Credentials that have had a value. */
  readonly credentials: readonly string[];
}

const EMPTY: CloudState = { done: {}, credentials: [] };

/** Reads what `writeState` wrote; a missing or unreadable part counts as empty, and is found again in the cluster. */
export function readState(object: KubeObject | undefined): CloudState {
  const part = <T>(name: string, empty: T): T => {
    const text = fieldAt(object, "data", name);
    try {
      return typeof text === "string" ? (JSON.parse(text) as T) : empty;
    } catch {
      return empty; // somebody edited it: what was done is found done again
    }
  };
  return {
    done: part("done", EMPTY.done),
    credentials: part("credentials", EMPTY.credentials),
  };
}
