import type { ObjectKey } from "./manifest.ts";

/** `workload/step`, for example `keystone/db`. */
export type StepId = string;

interface StepBase {
  readonly id: StepId;
  /** Steps that must be done first. */
  readonly needs: readonly StepId[];
  /** What an operator should do when the step fails, in one sentence. */
  readonly onFailure: string;
  /** Seconds after which the step counts as stuck. */
  readonly timeoutSeconds: number;
}

/** Writes objects; done when each is written or, with `until: "ready"`, when each is ready (a Job: complete). */
export interface ApplyStep extends StepBase {
  readonly type: "apply";
  readonly objects: readonly ObjectKey[];
  readonly until: "applied" | "ready";
}

/** Calls an API of the cloud through a named, idempotent action of the executor. */
export interface CallStep extends StepBase {
  readonly type: "call";
  readonly action: "keystone-catalog" | "keystone-passwords" | "api-answers" | "compute-mapped" | "reload-pods";
  /** Plain data; part of the step's hash: a changed input runs the call again. */
  readonly input: Readonly<Record<string, unknown>>;
}

export type Step = ApplyStep | CallStep;
