import { type Cloud, cloudRef, readCloud } from "../api/cloud.ts";
import { FIELD_MANAGER, FINALIZER, nodesNamespace } from "../api/names.ts";
import { advance } from "../execute/execution.ts";
import { canonicalJson } from "../content/canonical.ts";
import { clusterIPs } from "../desired/facts.ts";
import { hypervisorManifests } from "../desired/hypervisors.ts";
import { bareInput, type GatheredInput, gatherInput, type InputOptions } from "../desired/input.ts";
import { buildDesired, type Desired } from "../desired/objects.ts";
import type { Releases } from "../desired/release-facts.ts";
import { type CloudState, INVENTORY_NAME, readState, STATE_NAME } from "../desired/state.ts";
import type { ApplyResult } from "../kube/apply.ts";
import type { Cache } from "../kube/cache.ts";
import type { KubeClient } from "../kube/client.ts";
import { readiness } from "../kube/ready.ts";
import { type KubeObject, type ObjectRef, refOf } from "../kube/types.ts";
import { mixedSteps } from "../plan/mixed.ts";
import { mayRun } from "../plan/running.ts";
import type { DriftRecord } from "../plan/drift.ts";
import type { EventRecorder } from "../runtime/events.ts";
import type { BuildInput, Workload } from "../workloads/contract.ts";
import type { CloudAdmission } from "./cloud-admission.ts";
import { CloudScope } from "./cloud-scope.ts";
import { CloudStory, PAUSED } from "./cloud-story.ts";
import { removeCloud } from "./deletion.ts";
import { ensureHypervisors } from "./hypervisors.ts";
import { MAKERS } from "./makers.ts";
import type { PlanParts } from "./plans/parts.ts";
import { type Change, cloudInEffect } from "./plans/turn.ts";
import { endSupersededJobs } from "./superseded-jobs.ts";
import { sameState, writeState } from "./state.ts";
import { cloudStatus, type StatusInput } from "./status.ts";
import { type VerdictPorts, workloadVerdicts } from "./verdicts.ts";

export interface CloudReconcilerOptions {
  readonly client: KubeClient;
  readonly workloads: readonly Workload[];
  /** Reference of each image by name. */
  readonly images: Readonly<Record<string, string>>;
  readonly clouds: Cache;
  readonly nodes: Cache;
  readonly clusterDomain: string;
  readonly releases: Releases;
  readonly gateway: ((cloud: Cloud) => string) | undefined;
  /** Asks for another pass over this Cloud. */
  readonly enqueue: (key: string) => void;
  readonly onWrite: (kind: string, result: ApplyResult) => void;
  readonly onDrift: (cloud: { readonly name: string; readonly namespace: string }, record: DriftRecord) => void;
  readonly onError: (where: string, error: unknown) => void;
  readonly events: EventRecorder;
  readonly admission: CloudAdmission;
  readonly plans: PlanParts;
  readonly log: (fields: Readonly<Record<string, unknown>>) => void;
}

/** Seconds until a pass that failed at something outside is tried again when no event comes before. */
const RETRY_SECONDS = 5;

interface PassContext {
  /** As it is stored. */
  readonly cloud: Cloud;
  readonly scope: CloudScope;
  readonly before: CloudState;
  readonly change: Change | undefined;
}

type Outcome = { readonly requeueAfterSeconds: number | undefined };

/** Makes one Cloud what its resource says. Level triggered: every pass starts from what is, and may be the last one. */
export class CloudReconciler {
  readonly #options: CloudReconcilerOptions;
  readonly #scopes = new Map<string, Promise<CloudScope>>();
  readonly #story: CloudStory;

  constructor(options: CloudReconcilerOptions) {
    this.#options = options;
    this.#story = new CloudStory(options);
  }

  async close(): Promise<void> {
    const scopes = await Promise.allSettled(this.#scopes.values());
    await Promise.all(scopes.flatMap((scope) => (scope.status === "fulfilled" ? [scope.value.close()] : [])));
  }

  /** One pass over the Cloud `namespace/name`. */
  async reconcile(key: string): Promise<Outcome> {
    const [namespace = "", name = ""] = key.split("/");
    const object = this.#options.clouds.get(name, namespace);
    if (object === undefined) return this.#forget(key);
    const cloud = readCloud(object);
    const scope = await this.#scope(key, { name, namespace });
    if (object.metadata.deletionTimestamp !== undefined) return this.#delete(key, cloud, scope);
    if (!(object.metadata.finalizers ?? []).includes(FINALIZER)) await this.#addFinalizer(object);
    return this.#ensure(object, cloud, scope);
  }

  async #ensure(object: KubeObject, cloud: Cloud, scope: CloudScope): Promise<Outcome> {
    const refusal = await this.#options.admission.refusal(object);
    this.#story.pause(cloud);
    if (cloud.spec.change.paused)
      return this.#report(cloud, { verdicts: this.#look(cloud, scope), held: { phase: "Paused", message: PAUSED } });
    if (refusal !== undefined) return this.#report(cloud, { verdicts: this.#look(cloud, scope), stalled: refusal });
    const before = this.#state(cloud, scope);
    const turn = await this.#options.plans.engine.turn(object, cloud, before);
    // What is in effect is remembered before anything of it is written.
    await this.#keep(cloud, scope, { before, after: turn.state });
    if (turn.type === "wait") return this.#wait(cloud, scope, turn.change);
    const state = this.#options.plans.execution.heed(cloud, turn.state);
    const gathered = await this.#gather(turn.cloud, state, scope);
    if (gathered.type === "stalled") {
      const { reason, message } = gathered;
      return this.#report(cloud, { verdicts: this.#look(cloud, scope), stalled: { reason, message } });
    }
    scope.use(turn.cloud, gathered.input.facts, await this.#options.plans.execution.writes(turn.cloud, state));
    const given = { ...state, credentials: gathered.credentials };
    return this.#execute(gathered.input, given, { cloud, scope, before: turn.state, change: turn.change });
  }

  #gather(cloud: Cloud, state: CloudState, scope: CloudScope): Promise<GatheredInput> {
    const ports = {
      secrets: scope.secrets(),
      makers: MAKERS,
      services: () => scope.view.list("Service", cloud.metadata.namespace),
    };
    return gatherInput(cloud, state, ports, this.#inputOptions());
  }

  /** Nothing may be written: it is told why, and how the workloads stand. */
  async #wait(cloud: Cloud, scope: CloudScope, change: Change): Promise<Outcome> {
    await this.#report(cloud, {
      verdicts: this.#look(cloud, scope),
      held: { phase: "Planned", message: change.message },
      change,
    });
    return { requeueAfterSeconds: change.again };
  }

  async #keep(
    cloud: Cloud,
    scope: CloudScope,
    { before, after }: { before: CloudState; after: CloudState },
  ): Promise<void> {
    if (!sameState(after, before)) scope.view.wrote(await writeState(this.#options.client, cloud.metadata, after));
  }

  #state(cloud: Cloud, scope: CloudScope): CloudState {
    const { namespace } = cloud.metadata;
    return readState(scope.view.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name: STATE_NAME }));
  }

  #inputOptions(): InputOptions {
    const { workloads, images, clusterDomain, nodes, releases } = this.#options;
    return { workloads, images, clusterDomain, nodes: nodes.list(), releases };
  }

  async #execute(input: BuildInput, state: CloudState, context: PassContext): Promise<Outcome> {
    const { cloud, scope, before, change } = context;
    const desired = await this.#desired(input, state, scope);
    const nodes = hypervisorManifests(input);
    const refs = [...desired.objects, ...nodes].map(refOf);
    await this.#enlist(cloud, scope, refs);
    const { namespace } = cloud.metadata;
    const namespaces = [namespace, nodesNamespace(namespace)];
    await endSupersededJobs(this.#options.client, scope.view, { refs, namespaces });
    const ports = { ...scope.ports(), mayRun: (id: string) => mayRun(state.running, id) };
    const progress = await advance(desired.steps, state.done, ports);
    this.#story.steps(cloud, desired, { before, progress });
    // What is no longer wanted goes when all that is wanted is there.
    const rest = progress.complete ? (await scope.inventory.prune(refs)).remaining : [];
    // New addresses of Services may let builders emit more.
    const more = this.#hasNewAddresses(cloud, scope, input);
    const complete = progress.complete && rest.length === 0 && !more;
    const secrets = Object.values(input.facts.credentials).flatMap((keys) => Object.values(keys));
    const pass = { progress: { ...progress, complete }, steps: desired.steps, secrets };
    const { execution, proof } = this.#options.plans;
    const { state: told, ended, again } = await execution.after(cloud, { ...state, done: progress.done }, pass);
    const { state: after, again: proven } = await proof.pass(cloud, told);
    await this.#keep(cloud, scope, { before, after });
    if (ended !== undefined) this.#story.end(cloud, ended);
    const failed = [...progress.states.values()].some(({ state: step }) => step === "failed");
    const verdicts = workloadVerdicts(this.#options.workloads, input, lookInto(scope));
    const seen = { progress, steps: desired.steps, verdicts, drift: scope.drift.open() };
    await this.#report(cloud, { ...seen, change, effect: after.effect });
    await ensureHypervisors(input, nodes, scope, this.#options.client);
    // Before all steps were done once, nova is not there or knows no nodes.
    if (progress.complete && nodes.length > 0) scope.nova.start();
    // What was queued behind a plan that has ended is planned at once.
    if (ended !== undefined || more) this.#enqueue(cloud);
    const times = [failed ? RETRY_SECONDS : undefined, again, proven, change?.again];
    return { requeueAfterSeconds: soonest(times) };
  }

  /** What is in effect; of an aborted plan partly what was before it. */
  async #desired(input: BuildInput, { effect, ...state }: CloudState, scope: CloudScope): Promise<Desired> {
    const { workloads } = this.#options;
    const next = scope.desired.build(workloads, input);
    if (effect?.aborted === undefined) return next;
    const { spec, steps: kept } = effect.aborted;
    const before = spec === undefined ? undefined : await this.#gather(cloudInEffect(input.cloud, spec), state, scope);
    const previous = before?.type === "input" ? buildDesired(workloads, before.input).steps : [];
    const steps = mixedSteps(next.steps, previous, kept);
    return { steps, objects: steps.flatMap(({ objects }) => objects) };
  }

  async #enlist(cloud: Cloud, scope: CloudScope, refs: readonly ObjectRef[]): Promise<void> {
    await scope.inventory.add(refs);
    const { namespace } = cloud.metadata;
    if (scope.view.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name: INVENTORY_NAME }) === undefined)
      await scope.inventory.restore();
  }

  #hasNewAddresses(cloud: Cloud, scope: CloudScope, input: BuildInput): boolean {
    const services = scope.view.list("Service", cloud.metadata.namespace);
    return Object.keys(clusterIPs(services)).length !== Object.keys(input.facts.clusterIPs).length;
  }

  #enqueue({ metadata }: Cloud): void {
    this.#options.enqueue(`${metadata.namespace}/${metadata.name}`);
  }

  /** How the workloads stand, of a Cloud for which nothing is built. */
  #look(cloud: Cloud, scope: CloudScope): StatusInput["verdicts"] {
    return workloadVerdicts(this.#options.workloads, bareInput(cloud, this.#inputOptions()), lookInto(scope));
  }

  async #report(cloud: Cloud, input: Partial<StatusInput>): Promise<Outcome> {
    const full = {
      cloud,
      progress: undefined,
      steps: [],
      verdicts: [],
      stalled: undefined,
      webhook: this.#options.admission.webhook,
      now: new Date().toISOString(),
      ...input,
    };
    const status = cloudStatus(full);
    if (canonicalJson(status) !== canonicalJson(cloud.status ?? {})) {
      const ref = cloudRef(cloud.metadata);
      // A merge keeps the keys that it does not name.
      const forgotten = Object.fromEntries(Object.keys(cloud.status?.endpoints ?? {}).map((name) => [name, null]));
      await this.#options.client.patch(
        ref,
        { type: "merge", value: { status: { ...status, endpoints: { ...forgotten, ...status.endpoints } } } },
        { subresource: "status", fieldManager: FIELD_MANAGER },
      );
    }
    return { requeueAfterSeconds: undefined };
  }

  async #delete(key: string, cloud: Cloud, scope: CloudScope): Promise<Outcome> {
    const ref = cloudRef(cloud.metadata);
    // The watch may lag behind our own last pass, and what is gone must not be cleaned up again.
    const { finalizers = [] } = (await this.#options.client.get(ref))?.metadata ?? {};
    if (!finalizers.includes(FINALIZER)) return this.#forget(key);
    const input = bareInput(cloud, this.#inputOptions());
    const removal = await removeCloud(input, this.#state(cloud, scope), scope, {
      ...this.#options,
      onFailure: (note) =>
        this.#story.record(cloud, { type: "Warning", reason: "CleanupFailed", action: "Delete", note }),
    });
    if (removal.state !== "gone") {
      const { message } = removal;
      const stalled = removal.state === "stuck" ? { reason: "CleanupFailed", message } : undefined;
      await this.#report(cloud, { held: { phase: "Deleting", message }, stalled });
      return { requeueAfterSeconds: removal.state === "stuck" ? undefined : removal.again };
    }
    const rest = finalizers.filter((one) => one !== FINALIZER);
    await this.#options.client.patch(
      ref,
      { type: "merge", value: { metadata: { finalizers: rest } } },
      { fieldManager: FIELD_MANAGER },
    );
    return this.#forget(key);
  }

  async #addFinalizer(object: KubeObject): Promise<void> {
    const finalizers = [...(object.metadata.finalizers ?? []), FINALIZER];
    await this.#options.client.patch(
      refOf(object),
      { type: "merge", value: { metadata: { finalizers } } },
      { fieldManager: FIELD_MANAGER },
    );
  }

  #scope(key: string, cloud: { name: string; namespace: string }): Promise<CloudScope> {
    const known = this.#scopes.get(key);
    if (known !== undefined) return known;
    const { client, gateway, onWrite, onError, onDrift } = this.#options;
    const opened = (async () => {
      const scope = new CloudScope(cloud, {
        client,
        gateway,
        onWrite,
        onError,
        onDrift: (record) => onDrift(cloud, record),
        onChange: () => this.#options.enqueue(key),
      });
      await scope.start();
      return scope;
    })();
    this.#scopes.set(key, opened);
    opened.catch(() => this.#scopes.delete(key)); // the next pass opens it again; this pass throws
    return opened;
  }

  async #forget(key: string): Promise<Outcome> {
    const scope = this.#scopes.get(key);
    this.#scopes.delete(key);
    this.#options.plans.engine.forget(key);
    await (await scope)?.close();
    return { requeueAfterSeconds: undefined };
  }
}

function soonest(times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** What is live of the objects that a workload says must be ready. */
function lookInto({ view }: CloudScope): VerdictPorts {
  return {
    readiness: (key) => {
      const live = view.named(key);
      return live === undefined ? undefined : readiness(live);
    },
  };
}
