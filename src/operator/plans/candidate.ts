import { type Cloud, cloudRef, readCloud } from "../../api/cloud.ts";
import { LABEL } from "../../api/names.ts";
import { type Plan as PlanResource, type PlanStatus, readPlan } from "../../api/plan.ts";
import type { Cache } from "../../kube/cache.ts";
import type { KubeClient } from "../../kube/client.ts";
import { fieldAt, type KubeObject } from "../../kube/types.ts";
import { CONTENT_VERSION } from "../../plan/content.ts";
import { expectationOf } from "../../plan/expected.ts";
import { summaryOf } from "../../plan/summary.ts";
import type { PlanBook } from "./book.ts";
import type { Proposer } from "./proposer.ts";

export interface CandidateOptions {
  readonly client: KubeClient;
  readonly plans: Cache;
  readonly book: PlanBook;
  readonly proposer: Proposer;
}

/** Plans what users propose in Plans of their own: told, and never carried out. */
export class Candidates {
  readonly #options: CandidateOptions;

  constructor(options: CandidateOptions) {
    this.#options = options;
  }

  /** Whether a Plan is a user's: the operator's own carry its Cloud's label, which tools put on what they apply, too. Pure. */
  static isOne(object: KubeObject): boolean {
    return object.metadata.labels?.[LABEL.instance] === undefined || fieldAt(object, "spec", "candidate") !== undefined;
  }

  /** Plans the candidate `namespace/name` once. Throws KubeError. */
  async reconcile(key: string): Promise<void> {
    const { plans, client } = this.#options;
    const [namespace = "", name = ""] = key.split("/");
    const object = plans.get(name, namespace);
    if (object === undefined || !Candidates.isOne(object)) return;
    const plan = readPlan(object);
    if (plan.status?.phase !== undefined) return;
    const live = await client.get(cloudRef({ namespace, name: plan.spec.cloud }));
    const cloud = candidateCloud(plan, live);
    if (cloud === undefined)
      return this.#tell(plan, `There is no Cloud ${plan.spec.cloud} in ${namespace}, and the Plan has no candidate.`);
    await this.#plan(plan, cloud);
  }

  async #plan(resource: PlanResource, cloud: Cloud): Promise<void> {
    const { book, proposer } = this.#options;
    const { namespace, name, uid } = resource.metadata;
    const proposal = await proposer.plan(cloud);
    if (proposal.type === "none") return this.#tell(resource, `It cannot be planned: ${proposal.message}`);
    const { plan } = proposal;
    const expected = expectationOf(plan, []);
    const content = { formatVersion: CONTENT_VERSION, plan, after: cloud.spec } as const;
    const status: PlanStatus = {
      phase: "Candidate",
      message: plan.empty ? "Nothing would be done." : "It is a proposal, and is never carried out.",
      hash: plan.hash,
      summary: summaryOf(plan, expected),
      steps: plan.steps.map(({ id, after }) => ({ id, after: [...after], state: "Waiting" as const })),
    };
    await book.write({ namespace, name, uid }, content, status);
  }

  async #tell({ metadata }: PlanResource, message: string): Promise<void> {
    await this.#options.book.tell(metadata.namespace, metadata.name, { phase: "Candidate", message });
  }
}

/** The Cloud as the Plan proposes it; undefined when there is none to go by. Pure. */
function candidateCloud(plan: PlanResource, live: KubeObject | undefined): Cloud | undefined {
  const { candidate, cloud: name } = plan.spec;
  if (live !== undefined) {
    const cloud = readCloud(live);
    return candidate === undefined ? cloud : { ...cloud, spec: candidate };
  }
  if (candidate === undefined) return undefined;
  const { namespace } = plan.metadata;
  return readCloud({ ...cloudRef({ namespace, name }), metadata: { namespace, name }, spec: candidate });
}
