// What people do with a Plan that the operator made: approve it, pause it, let it go on, end it.
import { API_VERSION, CLI_FIELD_MANAGER } from "../api/names.ts";
import { APPROVAL_KIND, PLAN_KIND, type Plan } from "../api/plan.ts";
import { readState, STATE_NAME } from "../desired/state.ts";
import type { KubeClient } from "../kube/client.ts";
import { isReason } from "../kube/errors.ts";
import type { Desired } from "../kube/types.ts";
import type { Ask } from "./confirm.ts";
import { CliError, EXIT } from "./errors.ts";
import { listPlans, planNamed, planRef, successor } from "./plans.ts";
import { refusedWrite } from "./refused.ts";
import { rowLines } from "./render/plan.ts";
import { storedRows } from "./render/plan-summary.ts";
import { short } from "./render/plan-words.ts";
import { textWidth } from "./render/width.ts";

export interface Acting {
  readonly kube: KubeClient;
  readonly out: (text: string) => void;
  readonly ask: Ask;
}

export interface Named {
  readonly name: string;
  readonly namespace: string | undefined;
}

/** First digits of a hash that tell plans apart. */
const FEWEST_DIGITS = 12;

/** Shows a Plan that waits, asks, and writes a PlanApproval with the hash that was shown. Throws CliError, KubeError. */
export async function approvePlan(acting: Acting, { name, namespace }: Named, given?: string): Promise<void> {
  const { kube, out, ask } = acting;
  const list = await listPlans(kube, namespace);
  const plan = planNamed(list, name);
  const verdict = approvable(plan, successor(list, plan));
  if (given !== undefined) sameHash(plan, given);
  if (verdict.type === "done") return out(verdict.text);
  out(
    [`Plan ${name} of Cloud ${plan.metadata.namespace}/${plan.spec.cloud}`, "", ...summaryLines(plan), ""].join("\n"),
  );
  await ask("Approve it?");
  const made = await createApproval(kube, approvalOf(plan, verdict.hash));
  out(made ? `Plan ${name} is approved; the operator carries it out.` : `Plan ${name} was approved before.`);
  out(`  next: underpin watch ${name}`);
}

function summaryLines(plan: Plan): string[] {
  return rowLines(storedRows(plan, undefined), textWidth());
}

type Approvable = { readonly type: "wait"; readonly hash: string } | { readonly type: "done"; readonly text: string };

/** Throws CliError when the Plan is not one that waits. */
function approvable(plan: Plan, after: Plan | undefined): Approvable {
  const { name } = plan.metadata;
  const { phase, hash, approval, summary } = plan.status ?? {};
  if (phase === "Approved") return { type: "done", text: `Plan ${name} is approved already${by(approval?.user)}.` };
  if (phase !== "Pending" || hash === undefined) throw cannot(plan, "be approved", after);
  const [refused] = summary?.refused ?? [];
  if (refused !== undefined)
    throw new CliError(
      `Plan ${name} cannot be approved: the API server would refuse it: ${refused}`,
      "Change the Cloud; the operator makes another plan of it.",
    );
  return { type: "wait", hash };
}

function by(user: string | undefined): string {
  return user === undefined ? "" : ` by ${user}`;
}

/** Throws CliError unless what was given is the Plan's hash, or at least 12 of its first digits. */
function sameHash({ metadata, status }: Plan, given: string): void {
  const hash = status?.hash ?? "";
  const wanted = given.toLowerCase();
  if (!/^[0-9a-f]+$/.test(wanted) || wanted.length < FEWEST_DIGITS || wanted.length > 64)
    throw new CliError(
      `"${given}" is no hash of a plan`,
      `Give all 64 hexadecimal digits, or the first ${FEWEST_DIGITS} at least.`,
      { exitCode: EXIT.usage },
    );
  if (hash.startsWith(wanted)) return;
  throw new CliError(
    `Plan ${metadata.name} has another hash than ${short(wanted)}: ${hash === "" ? "none yet" : short(hash)}`,
    `It is not the plan that was reviewed. See what it does: underpin plan ${metadata.name} --detail`,
  );
}

/** The name says which plan and hash, so that approving twice is one approval. */
function approvalOf(plan: Plan, hash: string): Desired {
  const { name, namespace, uid } = plan.metadata;
  const owner = { apiVersion: API_VERSION, kind: PLAN_KIND, name, uid };
  return {
    apiVersion: API_VERSION,
    kind: APPROVAL_KIND,
    metadata: { name: `${name.slice(0, 200)}-${hash.slice(0, 10)}`, namespace, ownerReferences: [owner] },
    spec: { plan: name, hash },
  };
}

/** False when it is there already. */
async function createApproval(kube: KubeClient, approval: Desired): Promise<boolean> {
  const namespace = approval.metadata.namespace ?? "";
  try {
    await kube.create(approval, { fieldManager: CLI_FIELD_MANAGER });
    return true;
  } catch (error) {
    if (isReason(error, "AlreadyExists")) return false;
    throw refusedWrite(error, {
      what: "approve the plan",
      next: `Who approves needs the verbs "create" on planapprovals and "approve" on plans of underpin.dev in namespace ${namespace}, by a Role.`,
    });
  }
}

export type PlanAction = "Pause" | "Resume" | "Abort";

/** Tells a Plan that runs to pause, to go on or to end. Throws CliError, KubeError. */
export async function actOnPlan(acting: Acting, { name, namespace }: Named, action: PlanAction): Promise<void> {
  const { kube, out, ask } = acting;
  const list = await listPlans(kube, namespace);
  const plan = planNamed(list, name);
  const tried = plan.status?.phase === "Failed" && (await isTried(kube, plan));
  const already = judge(plan, action, { tried, after: successor(list, plan) });
  if (already !== undefined) return out(already);
  if (action === "Abort") await ask(`Abort plan ${name}? ${aborting(plan)}`);
  const value = { spec: { action: action === "Resume" ? "Run" : action } };
  try {
    await kube.patch(planRef(plan), { type: "merge", value }, { fieldManager: CLI_FIELD_MANAGER });
  } catch (error) {
    const right = `It needs the verb "patch" on plans of underpin.dev in namespace ${plan.metadata.namespace}, by a Role.`;
    throw refusedWrite(error, { what: `${action.toLowerCase()} the plan`, next: right });
  }
  out(told(plan, action));
  out(`  next: underpin watch ${name}`);
}

const VERBS = { Pause: "be paused", Resume: "go on", Abort: "be aborted" } as const;

/** Whether a failed Plan is the one that the operator still tries: no other took its place. Throws KubeError. */
async function isTried(kube: KubeClient, { metadata }: Plan): Promise<boolean> {
  const { namespace, name } = metadata;
  try {
    const state = await kube.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name: STATE_NAME });
    return readState(state).running?.plan === name;
  } catch (error) {
    if (isReason(error, "Forbidden")) return true; // the operator knows, and does nothing with what came too late
    throw error;
  }
}

/** What to say when nothing is to be done; undefined when there is. Throws CliError in the wrong phase. */
function judge(
  plan: Plan,
  action: PlanAction,
  { tried, after }: { readonly tried: boolean; readonly after: Plan | undefined },
): string | undefined {
  const { name } = plan.metadata;
  const { phase } = plan.status ?? {};
  const runs = tried || phase === "Approved" || phase === "Running" || phase === "Paused";
  if (!runs) throw cannot(plan, VERBS[action], after);
  const asked = plan.spec.action;
  if (asked === "Abort") {
    if (action === "Abort") return `Plan ${name} is being aborted already.`;
    throw new CliError(
      `Plan ${name} cannot ${VERBS[action]}: it is being aborted`,
      `See where it stands: underpin watch ${name}`,
    );
  }
  if (action === "Pause" && asked === "Pause") return `Plan ${name} is paused already.`;
  if (action === "Resume" && asked === "Run" && phase !== "Paused") return `Plan ${name} is not paused.`;
  return undefined;
}

function aborting({ status }: Plan): string {
  const { done = 0, of = 0 } = status?.progress ?? {};
  const far = of === 0 ? "" : ` ${done} of ${of} steps are done and stay done.`;
  return `Steps that run come to their end, and no other begins.${far}`;
}

function told({ metadata, status }: Plan, action: PlanAction): string {
  const { name } = metadata;
  const running = status?.progress?.running ?? [];
  const rest =
    running.length === 0 ? "" : ` ${running.join(", ")} still ${running.length === 1 ? "comes" : "come"} to an end.`;
  if (action === "Pause")
    return `Plan ${name} pauses: no further step begins.${rest} It goes on with: underpin resume ${name}`;
  if (action === "Resume") return `Plan ${name} goes on.`;
  return `Plan ${name} is aborted: no further step begins.${rest} What is done stays. Lead back with: underpin undo ${name}`;
}

/** Why a Plan cannot be acted on in its phase, and what to do instead. */
export function cannot(plan: Plan, what: string, after: Plan | undefined): CliError {
  const { why, next } = standing(plan, after);
  return new CliError(`Plan ${plan.metadata.name} cannot ${what}: ${why}`, next);
}

function standing(plan: Plan, after: Plan | undefined): { readonly why: string; readonly next: string } {
  const { name } = plan.metadata;
  const { phase } = plan.status ?? {};
  const message = plan.status?.message ?? "";
  const because = message === "" ? "" : `. ${message}`;
  switch (phase) {
    case undefined:
      return {
        why: "the operator has not planned it yet",
        next: "Wait a moment, or see what is wrong: underpin status",
      };
    case "Candidate":
      return { why: "it is a candidate, which is never carried out", next: "Make the change: underpin apply -f FILE" };
    case "Pending":
      return {
        why: `it waits, and nothing of it has begun${because}`,
        next: `Approve it with: underpin approve ${name}. To be rid of it, change the Cloud back.`,
      };
    case "Superseded":
      return {
        why: `it is superseded${because}${because === "" ? "." : ""}`,
        next:
          after === undefined
            ? "See the plans: underpin history"
            : `See the plan that came after it: underpin plan ${after.metadata.name}`,
      };
    case "Approved":
    case "Running":
    case "Paused":
      return {
        why: `it is ${phase === "Approved" ? "approved" : "carried out"} already`,
        next: `Watch it: underpin watch ${name}`,
      };
    case "Succeeded":
      return { why: "it has ended: all of it is done", next: `Lead back with: underpin undo ${name}` };
    case "Failed":
    case "Aborted":
      return {
        why: `it has ended: it ${phase === "Failed" ? "failed" : "was aborted"}${because}`,
        next: `See what it did: underpin plan ${name}`,
      };
  }
}
