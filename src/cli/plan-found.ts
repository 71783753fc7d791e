// The Plan that a command means, and what is expected of one.
import type { Cloud } from "../api/cloud.ts";
import type { Plan as StoredPlan } from "../api/plan.ts";
import { STATE_NAME, readState } from "../desired/state.ts";
import type { KubeClient } from "../kube/client.ts";
import { isReason } from "../kube/errors.ts";
import { type Expectation, expectationOf } from "../plan/expected.ts";
import type { Plan } from "../plan/plan.ts";
import { theCloud } from "./cluster.ts";
import { CliError, EXIT } from "./errors.ts";
import { listPlans, type PlanList, planNamed } from "./plans.ts";
import { isOver } from "./render/plan-words.ts";

/** Digits of a hash that count as one; fewer may be a name. */
const FEWEST_DIGITS = 6;

/** The Plan of a name, or of the first digits of a hash that one Plan has. Throws CliError. */
export function planMeant(list: PlanList, word: string): StoredPlan {
  const named = list.plans.some(({ metadata }) => metadata.name === word);
  const digits = word.toLowerCase();
  if (named || digits.length < FEWEST_DIGITS || !/^[0-9a-f]+$/.test(digits)) return planNamed(list, word);
  const [found, ...more] = list.plans.filter(({ status }) => status?.hash?.startsWith(digits) === true);
  if (found === undefined) return planNamed(list, word);
  if (more.length > 0) {
    const names = [found, ...more].map(({ metadata }) => metadata.name).join(", ");
    throw new CliError(`Several Plans have a hash that begins with ${word}: ${names}`, "Give the name of one.", {
      exitCode: EXIT.usage,
    });
  }
  return found;
}

/** The Plan that is wanted: the named one; without a name that of the Cloud which runs or waits, else its last. Throws CliError, KubeError. */
export async function findPlan(
  kube: KubeClient,
  word: string | undefined,
  namespace: string | undefined,
): Promise<StoredPlan> {
  const list = await listPlans(kube, namespace);
  if (word !== undefined) return planMeant(list, word);
  const cloud = await theCloud(kube, namespace);
  const found = currentPlan(list, cloud);
  if (found !== undefined) return found;
  throw new CliError(
    `Cloud ${cloud.metadata.namespace}/${cloud.metadata.name} has no Plan yet`,
    "See what a file would change: underpin plan -f cloud.yaml",
  );
}

/** Of a Cloud's Plans the one that is not over; else the last. Candidates are nobody's next. */
export function currentPlan({ plans }: PlanList, { metadata }: Pick<Cloud, "metadata">): StoredPlan | undefined {
  const own = plans.filter(
    (plan) =>
      plan.metadata.namespace === metadata.namespace &&
      plan.spec.cloud === metadata.name &&
      plan.spec.candidate === undefined,
  );
  const going = own.find(({ status }) => status?.phase === "Running" || status?.phase === "Paused");
  return going ?? own.find(({ status }) => !isOver(status?.phase)) ?? own[0];
}

/** What earlier executions of the Cloud let expect of a plan; nothing for who may not read them. Throws KubeError. */
export async function expectedOf(kube: KubeClient, plan: Plan): Promise<Expectation> {
  const { namespace } = plan.cloud;
  try {
    const state = await kube.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name: STATE_NAME });
    return expectationOf(plan, readState(state).records ?? []);
  } catch (error) {
    if (!isReason(error, "Forbidden")) throw error;
    return { steps: {}, beyondSteps: 0 };
  }
}
