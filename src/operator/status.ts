import type { Cloud, CloudStatus } from "../api/cloud.ts";
import type { PlannedStep } from "../plan/graph.ts";
import type { Progress } from "../execute/execution.ts";
import type { WebhookState } from "./cloud-admission.ts";
import { driftedCondition } from "./drift-report.ts";
import type { OpenDrift } from "./drift.ts";
import { type Effect, INVENTORY_NAME } from "../desired/state.ts";
import type { Change } from "./plans/turn.ts";

export const OPERATOR_VERSION = "0.1.0";

type Condition = NonNullable<CloudStatus["conditions"]>[number];
type ServiceStatus = NonNullable<CloudStatus["services"]>[number];

/** How one workload stands. */
export interface WorkloadVerdict {
  readonly name: string;
  readonly ready: boolean;
  readonly message: string;
  readonly endpoint?: string;
  readonly next: string;
}

export interface StatusInput {
  readonly cloud: Cloud;
  readonly progress: Progress | undefined;
  readonly steps: readonly PlannedStep[];
  readonly verdicts: readonly WorkloadVerdict[];
  /** What stops everything, in plain words; undefined when nothing does. */
  readonly stalled: { readonly reason: string; readonly message: string } | undefined;
  /** Why the Cloud is not made what its resource says, while nothing is wrong. */
  readonly held?: Held | undefined;
  /** A change that is not in effect yet; absent: there is none. */
  readonly change?: Change | undefined;
  /** What is in effect; absent: not known in this pass. */
  readonly effect?: Effect | undefined;
  /** What is not as it was planned; absent: not looked at in this pass. */
  readonly drift?: readonly OpenDrift[] | undefined;
  /** Whether changes are judged before they are stored; absent where there is no webhook. */
  readonly webhook?: WebhookState | undefined;
  readonly now: string;
}

export interface Held {
  readonly phase: "Paused" | "Deleting" | "Planned";
  readonly message: string;
}

/** The status that tells the truth, with the times of what did not change kept. Pure. */
export function cloudStatus(input: StatusInput): CloudStatus {
  const { cloud, verdicts, now } = input;
  const before = cloud.status;
  const failed = failedStep(input);
  const ready = isReady(input);
  const { stops, waits } = standing(input);
  const stalled = stops !== undefined || failed !== undefined;
  const phase = phaseOf(input, ready, stalled);
  const paused = phase === "Paused";
  const open = verdicts.filter((verdict) => !verdict.ready);
  const message =
    stops?.message ??
    failed ??
    (phase === "Deleting" ? input.held?.message : undefined) ??
    `${describe(open)}${abortedWords(input)}`;
  const reason = stops?.reason ?? (failed === undefined ? phase : "StepFailed");
  const was = before?.release?.current;
  const release = input.effect?.spec.release ?? cloud.spec.release;
  const plan = input.change?.plan ?? input.effect?.plan ?? before?.planRef?.name;
  const current = ready && !paused ? release : was;
  return {
    observedGeneration: cloud.metadata.generation ?? 0,
    operatorVersion: OPERATOR_VERSION,
    phase,
    ready: `${verdicts.length - open.length}/${verdicts.length}`,
    release: { ...(current === undefined ? {} : { current }), target: cloud.spec.release },
    conditions: [
      condition(input, { type: "Ready", holds: ready, reason, message }),
      condition(input, {
        type: "Reconciling",
        holds: waits !== undefined || phase === "Installing" || phase === "Changing",
        reason: waits?.reason ?? reason,
        message: waits?.message ?? message,
      }),
      condition(input, { type: "Stalled", holds: stalled, reason, message }),
      condition(input, { type: "Degraded", holds: phase === "Degraded", reason, message }),
      condition(input, {
        type: "Paused",
        holds: paused,
        reason: phase,
        message: paused ? (input.held?.message ?? "") : "changes are made as they come",
      }),
      ...drifted(input),
      ...admission(input),
    ],
    services: verdicts.map((verdict) =>
      serviceStatus(verdict, before, { release: paused ? (was ?? release) : release, now }),
    ),
    endpoints: Object.fromEntries(
      verdicts.flatMap(({ name, endpoint }) => (endpoint === undefined ? [] : [[name, endpoint]])),
    ),
    credentials: { adminSecretRef: { name: "keystone-admin" } },
    inventoryRef: { name: INVENTORY_NAME },
    ...(plan === undefined ? {} : { planRef: { name: plan } }),
  };
}

/** What stops the Cloud, and what it waits for: a change that cannot be planned stops it, one that waits does not. */
function standing({ stalled, change }: StatusInput): {
  readonly stops?: StatusInput["stalled"];
  readonly waits?: Change;
} {
  if (change?.reason === "AwaitingApproval" || change?.reason === "Queued") return { stops: stalled, waits: change };
  return { stops: stalled ?? change };
}

function drifted(input: StatusInput): Condition[] {
  if (input.drift === undefined) return (input.cloud.status?.conditions ?? []).filter(({ type }) => type === "Drifted");
  return [condition(input, driftedCondition(input.drift))];
}

/** An operator that has just started knows nothing of the webhook yet: what the one before knew stays. */
function admission(input: StatusInput): Condition[] {
  if (input.webhook === undefined)
    return (input.cloud.status?.conditions ?? []).filter(({ type }) => type === "Admission");
  const { answers: holds, reason, message } = input.webhook;
  return [condition(input, { type: "Admission", holds, reason, message })];
}

/** A Cloud that is held is judged by its workloads alone: what would be changed is not looked at. */
function isReady({ held, progress, verdicts }: StatusInput): boolean {
  if (held?.phase === "Deleting") return false;
  const all = verdicts.length > 0 && verdicts.every((verdict) => verdict.ready);
  return all && (held !== undefined || progress?.complete === true);
}

function phaseOf(input: StatusInput, ready: boolean, stalled: boolean): string {
  if (input.held !== undefined) return input.held.phase;
  if (stalled) return "Stalled";
  if (ready) return input.change?.reason === "AwaitingApproval" ? "Planned" : "Ready";
  const installed = input.cloud.status?.release?.current !== undefined;
  if (input.progress?.complete === true) return installed ? "Degraded" : "Installing";
  return installed ? "Changing" : "Installing";
}

function failedStep({ progress, steps }: StatusInput): string | undefined {
  for (const { step } of steps) {
    const state = progress?.states.get(step.id);
    if (state?.state === "failed") return `${step.id}: ${state.message}. ${step.onFailure}`;
  }
  return undefined;
}

function describe(open: readonly WorkloadVerdict[]): string {
  return open.length === 0
    ? "every workload is ready"
    : open.map(({ name, message }) => `${name}: ${message}`).join("; ");
}

/** That the Cloud is not all that its resource says. */
function abortedWords({ effect }: StatusInput): string {
  if (effect?.aborted === undefined) return "";
  const number = effect.aborted.steps.length;
  return `. Plan ${effect.plan} was aborted: ${number} of its steps are as before. See which: underpin plan ${effect.plan} --detail`;
}

function condition(
  input: StatusInput,
  given: { type: string; holds: boolean; reason: string; message: string },
): Condition {
  const status = given.holds ? "True" : "False";
  const before = input.cloud.status?.conditions?.find(({ type }) => type === given.type);
  return {
    type: given.type,
    status,
    observedGeneration: input.cloud.metadata.generation ?? 0,
    lastTransitionTime: before?.status === status ? before.lastTransitionTime : input.now,
    reason: given.reason,
    message: given.message.slice(0, 2000),
  };
}

function serviceStatus(
  verdict: WorkloadVerdict,
  before: CloudStatus | undefined,
  { release, now }: { release: string; now: string },
): ServiceStatus {
  const was = before?.services?.find(({ name }) => name === verdict.name);
  const since = was?.ready === verdict.ready && was.since !== undefined ? was.since : now;
  const endpoint = verdict.endpoint === undefined ? {} : { endpoint: verdict.endpoint };
  if (verdict.ready) return { name: verdict.name, ready: true, release, ...endpoint, since };
  return {
    name: verdict.name,
    ready: false,
    ...endpoint,
    reason: "NotReady",
    message: verdict.message,
    since,
    next: verdict.next,
  };
}
