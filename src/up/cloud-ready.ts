import { type Cloud, cloudRef, readCloud } from "../api/cloud.ts";
import { API_VERSION } from "../api/names.ts";
import { type Plan, PLAN_KIND, planSchema } from "../api/plan.ts";
import type { Report } from "../host/progress.ts";
import { Cache } from "../kube/cache.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/types.ts";
import { conditionStatus } from "./install.ts";
import { watchUntil } from "./watch-until.ts";

/** The Cloud is held by its owner, so that the operator makes nothing of it. */
export class PausedError extends Error {
  readonly next: string;
  constructor(cloud: string) {
    super(`Cloud ${cloud} is paused: spec.change.paused is true, and nothing is changed`);
    this.name = "PausedError";
    this.next = "Set spec.change.paused to false in the file of the Cloud, then run the command again.";
  }
}

/** The change cannot be carried out. */
export class PlanRefusedError extends Error {
  readonly next: string;
  constructor(message: string, plan: string | undefined) {
    super(message);
    this.name = "PlanRefusedError";
    this.next = plan === undefined ? "underpin status" : `See what it does: underpin plan ${plan} --detail`;
  }
}

export interface WaitOptions {
  readonly cloud: Cloud;
  readonly report: Report;
  readonly signal: AbortSignal;
  readonly timeoutSeconds: number;
}

/** A Plan of what was written waits for somebody. */
export interface CloudWaits {
  readonly plan: string;
  /** Pending: for an approval, a window, the end of a freeze. Paused: for somebody to let it go on. */
  readonly phase: "Pending" | "Paused";
  readonly message: string;
  /** A cloud is there, as it was before the change. */
  readonly installed: boolean;
}

/** How the wait for a Cloud ended: it is what was written, or a Plan of that waits. */
export type CloudOutcome = { readonly type: "ready" } | ({ readonly type: "waits" } & CloudWaits);

/**
 * Waits until the Cloud is Ready for the generation that was written, or its Plan waits for somebody; tells each workload
 * as it becomes ready, and what fails meanwhile. Throws PausedError, PlanRefusedError, WaitError.
 */
export async function untilCloudReady(client: KubeClient, options: WaitOptions): Promise<CloudOutcome> {
  const { name, namespace } = options.cloud.metadata;
  const plans = new Cache(client, { apiVersion: API_VERSION, kind: PLAN_KIND, namespace });
  plans.start();
  let outcome: CloudOutcome | undefined;
  try {
    const found = await watchUntil(client, cloudRef(options.cloud.metadata), {
      done: (object) => {
        outcome = outcomeOf(object, plans);
        return outcome !== undefined || isPaused(object) || refusal(object) !== undefined;
      },
      onChange: teller(options.report),
      also: plans,
      timeoutMs: options.timeoutSeconds * 1000,
      what: `Cloud ${name} to be Ready`,
      stands: standing,
      signal: options.signal,
    });
    const refused = refusal(found);
    if (refused !== undefined) throw new PlanRefusedError(refused, planOf(found));
    if (outcome === undefined) throw new PausedError(`${namespace}/${name}`);
    return outcome;
  } finally {
    await plans.close();
  }
}

/** How the Cloud stands, for who waited in vain; what was said of an earlier generation would mislead. */
function standing(object: KubeObject | undefined): string {
  if (object === undefined) return "nothing, the API server did not show it";
  if (!isObserved(object)) return "the operator has not looked at this change yet";
  return conditionOf(object, "Ready")?.message ?? "the operator has said nothing of it yet";
}

/** Undefined while it comes up, and for a Cloud that is paused. */
function outcomeOf(object: KubeObject | undefined, plans: Cache): CloudOutcome | undefined {
  if (object === undefined || !isObserved(object) || isPaused(object) || refusal(object) !== undefined)
    return undefined;
  const status = readCloud(object).status;
  const plan = status?.planRef?.name;
  const installed = status?.release?.current !== undefined;
  // The Cloud itself says that its Plan waits: a watch of Plans may be behind, and show one that was approved since.
  const change = conditionOf(object, "Reconciling");
  if (plan !== undefined && change?.reason === "AwaitingApproval")
    return { type: "waits", plan, phase: "Pending", message: change.message, installed };
  const running = plan === undefined ? undefined : readStatus(plans.get(plan, object.metadata.namespace));
  if (plan !== undefined && running?.phase === "Paused")
    return { type: "waits", plan, phase: "Paused", message: running.message ?? "", installed };
  return conditionStatus(object, "Ready") === "True" ? { type: "ready" } : undefined;
}

function isObserved(object: KubeObject | undefined): boolean {
  const observed = (object?.["status"] as { observedGeneration?: number } | undefined)?.observedGeneration;
  return observed !== undefined && observed === object?.metadata.generation;
}

function isPaused(object: KubeObject | undefined): boolean {
  return isObserved(object) && conditionStatus(object, "Paused") === "True";
}

/** Why the API server would refuse the Plan; undefined when it would not. */
function refusal(object: KubeObject | undefined): string | undefined {
  if (object === undefined || !isObserved(object)) return undefined;
  return stalledBy(object, "PlanRefused");
}

/** The message of the Cloud's condition Stalled, when it holds for this reason. */
function stalledBy(object: KubeObject, reason: string): string | undefined {
  const stalled = conditionOf(object, "Stalled");
  return stalled?.status === "True" && stalled.reason === reason ? stalled.message : undefined;
}

function conditionOf(object: KubeObject | undefined, type: string) {
  if (object === undefined) return undefined;
  return readCloud(object).status?.conditions?.find((condition) => condition.type === type);
}

function planOf(object: KubeObject | undefined): string | undefined {
  return object === undefined ? undefined : readCloud(object).status?.planRef?.name;
}

/** Tolerant: a Plan that this version cannot read is none that it waits for. */
function readStatus(object: KubeObject | undefined): Plan["status"] {
  const { data } = planSchema.safeParse(
    object === undefined ? undefined : { ...object, apiVersion: API_VERSION, kind: PLAN_KIND },
  );
  return data?.status;
}

function teller(report: Report): (object: KubeObject | undefined) => void {
  const start = performance.now();
  const told = new Set<string>();
  return (object) => {
    if (object === undefined) return;
    const failing = isObserved(object) ? stalledBy(object, "StepFailed") : undefined;
    if (failing !== undefined && !told.has(failing)) {
      told.add(failing);
      report({
        part: "cloud/step",
        state: "info",
        message: `${failing} It is tried again; Ctrl-C leaves it to the operator.`,
      });
    }
    for (const service of readCloud(object).status?.services ?? []) {
      if (!service.ready || told.has(service.name)) continue;
      told.add(service.name);
      const seconds = Math.round((performance.now() - start) / 100) / 10;
      report({ part: `cloud/${service.name}`, state: "done", message: `${service.name} is ready`, seconds });
    }
  };
}
