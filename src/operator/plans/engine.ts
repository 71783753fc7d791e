import type { Cloud } from "../../api/cloud.ts";
import type { Plan as PlanResource, PlanStatus } from "../../api/plan.ts";
import { type CloudState, settledSpec } from "../../desired/state.ts";
import type { Cache } from "../../kube/cache.ts";
import type { KubeObject } from "../../kube/types.ts";
import { type PlanContent, CONTENT_VERSION } from "../../plan/content.ts";
import { expectationOf } from "../../plan/expected.ts";
import type { Plan } from "../../plan/plan.ts";
import { approvalsOf, decide, type Decision } from "../../plan/policy.ts";
import { summaryOf } from "../../plan/summary.ts";
import type { PlanBook, PlanOwner } from "./book.ts";
import { movedWords } from "./moved.ts";
import type { Proposer } from "./proposer.ts";
import { type Change, cloudInEffect, effectOf, isInEffect, type Turn, withSeen } from "./turn.ts";

export interface EngineOptions {
  readonly proposer: Proposer;
  readonly book: PlanBook;
  readonly approvals: Cache;
  readonly now: () => Date;
}

/** Seconds after which a plan that could not be made, or that waits, is looked at again. */
const AGAIN = { cannotPlan: 5, waiting: 15 } as const;

/** Says for each pass what the operator works towards, and brings an approved plan into effect. */
export class PlanEngine {
  readonly #options: EngineOptions;
  /** The plan that waits, of each Cloud. */
  readonly #waiting = new Map<string, Plan>();

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /**
   * What this pass may do. Writes Plans; the state it answers is to be written before anything else is.
   * Throws KubeError.
   */
  async turn(object: KubeObject, cloud: Cloud, before: CloudState): Promise<Turn> {
    const state = withSeen(before, cloud);
    const { proposer } = this.#options;
    const { identity } = proposer;
    const settled = isInEffect(state, identity) && !this.#wasGivenUp(cloud, state);
    if (settled) {
      // A plan of a whole cloud is megabytes.
      proposer.forget(`${cloud.metadata.namespace}/${cloud.metadata.name}`);
      await this.#supersede(cloud, undefined, "the Cloud is again what is in effect");
      return work(cloud, state);
    }
    const { running, effect } = state;
    if (running !== undefined && running.failed !== true && effect?.operator === identity)
      return work(cloud, state, queued(running.plan, cloud));
    return this.#change(object, cloud, state);
  }

  forget(key: string): void {
    this.#waiting.delete(key);
    this.#options.proposer.forget(key);
  }

  /** What was aborted is planned again when its Plan is deleted. */
  #wasGivenUp(cloud: Cloud, { effect, running }: CloudState): boolean {
    if (effect?.aborted === undefined || running !== undefined) return false;
    return this.#options.book.find(cloud.metadata.namespace, effect.plan) === undefined;
  }

  async #change(object: KubeObject, cloud: Cloud, state: CloudState): Promise<Turn> {
    const { proposer, now } = this.#options;
    const generation = state.seen?.generation ?? cloud.metadata.generation;
    let proposal = await proposer.propose(cloud, generation, false);
    for (;;) {
      if (proposal.type === "none")
        return this.#wait(cloud, state, { reason: "CannotPlan", message: proposal.message, again: AGAIN.cannotPlan });
      const { plan } = proposal;
      const name = this.#nameOf(cloud, plan, generation);
      if (plan.empty) return this.#nothing(cloud, state, name);
      const summary = await this.#open(cloud, state, plan, name);
      if (plan.refused.length > 0) {
        const message = `Plan ${name} cannot be carried out, the API server would refuse it: ${summary.refused.join("; ")}`;
        return this.#wait(cloud, state, { reason: "PlanRefused", message, plan: name });
      }
      const decision = this.#decide(object, cloud, { name, hash: plan.hash, summary });
      if (decision.type === "wait") return this.#wait(cloud, state, awaiting(name, decision, now()));
      // The first write comes only when the ground is still the one that was approved.
      const checked =
        now().getTime() - proposal.madeAt < 1000 ? proposal : await proposer.propose(cloud, generation, true);
      if (checked.type === "plan" && checked.plan.hash === plan.hash)
        return this.#begin(cloud, state, { name, approval: decision.approval });
      proposal = checked;
    }
  }

  /** Sorts by generation, and is another for another hash. What was superseded or has ended is never run: the same again is another Plan. */
  #nameOf(cloud: Cloud, { hash }: Plan, generation: number): string {
    const first = `${cloud.metadata.name}-${generation}-${hash.slice(0, 8)}`;
    for (let name = first, count = 2; ; name = `${first}-${count}`, count += 1) {
      const phase = this.#options.book.find(cloud.metadata.namespace, name)?.status?.phase;
      if (phase === undefined || phase === "Pending" || phase === "Approved") return name;
    }
  }

  #decide(
    object: KubeObject,
    cloud: Cloud,
    plan: { readonly name: string; readonly hash: string; readonly summary: NonNullable<PlanStatus["summary"]> },
  ): Decision {
    const { namespace } = cloud.metadata;
    const objects = this.#options.approvals.list(namespace);
    return decide({
      plan: plan.name,
      hash: plan.hash,
      summary: plan.summary,
      cloud: { namespace, name: cloud.metadata.name },
      policy: cloud.spec.change,
      approvals: approvalsOf(object, objects),
      now: this.#options.now(),
    });
  }

  /** Writes the Plan when it is another than the one that waits; what waited before is superseded. */
  async #open(cloud: Cloud, state: CloudState, plan: Plan, name: string): Promise<NonNullable<PlanStatus["summary"]>> {
    const { book } = this.#options;
    const owner = ownerOf(cloud);
    const expected = expectationOf(plan, state.records ?? []);
    const summary = summaryOf(plan, expected);
    const known = book.find(owner.namespace, name)?.status;
    if (known?.hash === plan.hash && (known.phase === "Pending" || known.phase === "Approved")) return summary;
    const key = `${owner.namespace}/${owner.name}`;
    const words = movedWords(this.#waiting.get(key), plan);
    await this.#supersede(cloud, name, words);
    const before = state.effect === undefined ? {} : { before: cloudInEffect(cloud, state.effect.spec).spec };
    const content: PlanContent = { formatVersion: CONTENT_VERSION, plan, ...before, after: cloud.spec };
    const status: PlanStatus = {
      phase: "Pending",
      message: "It was made, and nothing of it is done.",
      hash: plan.hash,
      generation: state.seen?.generation ?? cloud.metadata.generation,
      summary,
      steps: plan.steps.map(({ id, after }) => ({
        id,
        after: [...after],
        state: "Waiting" as const,
        ...(expected.steps[id] === undefined ? {} : { expectedSeconds: expected.steps[id] }),
      })),
    };
    await book.open(owner, name, content, status);
    this.#waiting.set(key, plan);
    return summary;
  }

  async #begin(
    cloud: Cloud,
    state: CloudState,
    { name, approval }: { name: string; approval: NonNullable<PlanStatus["approval"]> },
  ): Promise<Turn> {
    const { book, proposer, now } = this.#options;
    const { namespace } = cloud.metadata;
    await book.add(namespace, name, { phase: "Approved", message: "It is approved and begins.", approval });
    await this.#giveUp(cloud, state, `Plan ${name} was made in its place`);
    this.#waiting.delete(`${namespace}/${cloud.metadata.name}`);
    const effect = effectOf(cloud, state, { operator: proposer.identity, plan: name });
    const running = { plan: name, startedAt: now().toISOString(), ended: {} };
    const previous = state.effect === undefined ? {} : { previous: state.effect };
    return work(cloud, { ...state, effect, ...previous, running });
  }

  /** Another spec that means the same, or another operator that makes the same of it. */
  async #nothing(cloud: Cloud, state: CloudState, name: string): Promise<Turn> {
    const why = "the Cloud was changed again, and nothing is to be done";
    await this.#supersede(cloud, undefined, why);
    const rest = await this.#giveUp(cloud, state, why);
    const effect = effectOf(cloud, state, {
      operator: this.#options.proposer.identity,
      plan: state.effect?.plan ?? name,
    });
    return work(cloud, { ...rest, effect });
  }

  /** The state without the plan that is carried out: it has no end any more. */
  async #giveUp(cloud: Cloud, state: CloudState, why: string): Promise<CloudState> {
    const { running, ...rest } = state;
    if (running === undefined) return state;
    const message = `It did not come to its end: ${why}.`;
    await this.#options.book.add(cloud.metadata.namespace, running.plan, { phase: "Failed", message });
    return rest;
  }

  async #wait(cloud: Cloud, state: CloudState, change: Change): Promise<Turn> {
    const { effect } = state;
    if (change.plan !== undefined) await this.#tellWaiting(cloud, change.plan, change.message);
    if (effect?.operator !== this.#options.proposer.identity) {
      const rest = await this.#giveUp(
        cloud,
        state,
        "another operator came meanwhile, and what is left needs a plan of its own",
      );
      return { type: "wait", state: rest, change };
    }
    return work(cloud, state, change);
  }

  async #tellWaiting(cloud: Cloud, name: string, message: string): Promise<void> {
    const { book } = this.#options;
    const plan = book.find(cloud.metadata.namespace, name);
    if (plan?.status?.message === message) return;
    await book.add(cloud.metadata.namespace, name, { phase: "Pending", message });
  }

  /** Tells the Plans that wait, except `name`, that they are never carried out. */
  async #supersede(cloud: Cloud, name: string | undefined, why: string): Promise<void> {
    const { book } = this.#options;
    const owner = ownerOf(cloud);
    const waiting = book.of(owner).filter(({ status }) => status?.phase === "Pending" || status?.phase === "Approved");
    for (const { metadata } of waiting) {
      if (metadata.name === name) continue;
      const by = name === undefined ? "" : ` Plan ${name} stands in its place.`;
      await book.add(owner.namespace, metadata.name, { phase: "Superseded", message: `Not carried out: ${why}.${by}` });
    }
    this.#waiting.delete(`${owner.namespace}/${owner.name}`);
  }
}

/** Of which Cloud a Plan is. Pure. */
export function ownerOf({ metadata }: Cloud | PlanResource): PlanOwner {
  const { namespace, name, uid } = metadata;
  return { namespace, name, uid };
}

function work(cloud: Cloud, state: CloudState, change?: Change): Turn {
  const spec = state.effect?.spec ?? settledSpec(cloud.spec);
  return { type: "work", cloud: cloudInEffect(cloud, spec), state, change };
}

function queued(running: string, cloud: Cloud): Change {
  const message = `Generation ${cloud.metadata.generation} is queued: it is planned when Plan ${running} has ended. See it with: underpin watch ${running}`;
  return { reason: "Queued", message, plan: running };
}

function awaiting(plan: string, decision: Decision & { readonly type: "wait" }, now: Date): Change {
  const until = decision.until === undefined ? AGAIN.waiting : (decision.until.getTime() - now.getTime()) / 1000;
  return {
    reason: "AwaitingApproval",
    message: `Plan ${plan}: ${decision.message}`,
    plan,
    again: Math.min(AGAIN.waiting, Math.max(1, until)),
  };
}
