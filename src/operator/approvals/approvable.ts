import { API_VERSION } from "../../api/names.ts";
import { PLAN_KIND, type PlanPhase } from "../../api/plan.ts";
import type { KubeClient } from "../../kube/client.ts";
import { fieldAt, type KubeObject } from "../../kube/types.ts";

/** What is known of a Plan; a Plan that another version wrote is read as far as it goes. */
interface Known {
  readonly name: string;
  readonly cloud: string;
  readonly phase: PlanPhase | undefined;
  readonly hash: string | undefined;
  readonly message: string;
  readonly candidate: boolean;
}

/** Whether an approval is about a plan that waits for one. */
export type Verdict =
  | { readonly type: "waits"; readonly plan: string }
  /** It has what it approves already: it changes nothing, and is no mistake to refuse. */
  | { readonly type: "needless"; readonly plan: string; readonly message: string }
  | { readonly type: "refused"; readonly message: string };

export interface Place {
  readonly namespace: string;
  readonly cloud: string;
}

const HAS_APPROVAL: readonly (PlanPhase | undefined)[] = ["Running", "Paused", "Succeeded"];

/** Which plan a hash in a Cloud approves. Throws KubeError. */
export async function planByHash(client: KubeClient, { namespace, cloud }: Place, hash: string): Promise<Verdict> {
  const all = await plansIn(client, namespace);
  const same = all.filter((plan) => plan.hash === hash);
  const own = same.filter((plan) => plan.cloud === cloud);
  // A plan that was given up may have been made again, and be the same.
  const verdicts = own.map((plan) => judge(plan, all));
  const best = ["waits", "needless", "refused"].map((type) => verdicts.find((one) => one.type === type));
  const found = best.find((verdict) => verdict !== undefined);
  if (found !== undefined) return found;
  if (same[0] !== undefined) {
    const message = `the hash is that of Plan ${same[0].name}, which is of Cloud ${same[0].cloud} and not of ${cloud}`;
    return { type: "refused", message };
  }
  if (await isElsewhere(client, hash))
    return { type: "refused", message: "the hash is that of a plan in another namespace" };
  return {
    type: "refused",
    message: `no plan of Cloud ${cloud} has this hash. ${waitingWords(all, namespace, cloud)}`,
  };
}

/** Which plan a PlanApproval approves. Throws KubeError. */
export async function planByName(
  client: KubeClient,
  namespace: string,
  approved: { readonly plan: string; readonly hash: string },
): Promise<Verdict> {
  const all = await plansIn(client, namespace);
  const plan = all.find(({ name }) => name === approved.plan);
  if (plan === undefined) {
    const there = all.find(({ hash }) => hash === approved.hash);
    const hint =
      there === undefined
        ? `${(await isElsewhere(client, approved.hash)) ? "The hash is that of a plan in another namespace. " : ""}List them with: kubectl -n ${namespace} get plans -o wide`
        : `The hash is that of Plan ${there.name}`;
    return { type: "refused", message: `there is no Plan ${approved.plan} in namespace ${namespace}. ${hint}` };
  }
  if (plan.hash === undefined)
    return { type: "refused", message: `Plan ${plan.name} has no hash yet: it is being made. Try again in a moment` };
  if (plan.hash !== approved.hash) {
    const message = `Plan ${plan.name} has the hash ${plan.hash}, and ${approved.hash} is another: what was reviewed is not this plan. See it with: underpin plan ${plan.name}`;
    return { type: "refused", message };
  }
  return judge(plan, all);
}

function judge(plan: Known, all: readonly Known[]): Verdict {
  const { name, phase, cloud } = plan;
  if (plan.candidate || phase === "Candidate")
    return { type: "refused", message: `Plan ${name} is a candidate: it is planned, and never carried out` };
  if (phase === "Pending" || phase === "Approved") return { type: "waits", plan: name };
  if (HAS_APPROVAL.includes(phase))
    return { type: "needless", plan: name, message: `Plan ${name} was approved already: it is ${phase}` };
  const why = plan.message === "" ? "" : ` (${plan.message})`;
  const next = all.find((one) => one.cloud === cloud && one.phase === "Pending" && !one.candidate);
  const instead =
    next === undefined ? "" : `. Plan ${next.name} stands in its place, see it with: underpin plan ${next.name}`;
  return {
    type: "refused",
    message: `Plan ${name} is ${phase ?? "being made"}, and is not carried out${why}${instead}`,
  };
}

function waitingWords(all: readonly Known[], namespace: string, cloud: string): string {
  const waiting = all.find((plan) => plan.cloud === cloud && plan.phase === "Pending" && !plan.candidate);
  if (waiting === undefined)
    return `None waits for an approval; see them with: kubectl -n ${namespace} get plans -o wide`;
  return `Plan ${waiting.name} waits for an approval, and has the hash ${waiting.hash}`;
}

async function isElsewhere(client: KubeClient, hash: string): Promise<boolean> {
  return (await plansIn(client)).some((plan) => plan.hash === hash);
}

async function plansIn(client: KubeClient, namespace?: string): Promise<Known[]> {
  const where = namespace === undefined ? {} : { namespace };
  return (await client.list({ apiVersion: API_VERSION, kind: PLAN_KIND, ...where })).items.map(known);
}

function known(object: KubeObject): Known {
  const text = (...path: string[]): string | undefined => {
    const value = fieldAt(object, ...path);
    return typeof value === "string" ? value : undefined;
  };
  return {
    name: object.metadata.name,
    cloud: text("spec", "cloud") ?? "",
    phase: text("status", "phase") as PlanPhase | undefined,
    hash: text("status", "hash"),
    message: text("status", "message") ?? "",
    candidate: fieldAt(object, "spec", "candidate") !== undefined,
  };
}
