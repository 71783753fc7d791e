import type { ObjectKey } from "./manifest.ts";

/** `workload/step`, for example `keystone/db`. */
export type StepId = string;

/** What users notice while a step replaces the pods that it has running. */
export interface Impact {
  /** `ReadsSlow`: requests take longer. `WritesFail`: what changes something fails or waits. `Fails`: nothing is answered. */
  readonly level: "ReadsSlow" | "WritesFail" | "Fails";
  /** Whose requests, in words: `every API`, `traffic of guests`. */
  readonly on: string;
  /** For how long at most, while nothing has been measured here. */
  readonly seconds?: number;
}

interface StepBase {
  readonly id: StepId;
  /** Steps that must be done first. */
  readonly needs: readonly StepId[];
  /** What an operator should do when the step fails, in one sentence. */
  readonly onFailure: string;
  /** Seconds after which the step counts as stuck. */
  readonly timeoutSeconds: number;
  /** Absent: nothing. */
  readonly impact?: Impact;
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
