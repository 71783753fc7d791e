import { type Cloud, cloudRef, readCloud } from "../api/cloud.ts";
import { FIELD_MANAGER, FINALIZER } from "../api/names.ts";
import { advance, type Progress } from "../execute/execution.ts";
import { canonicalJson } from "../content/canonical.ts";
import { clusterIPs } from "../desired/facts.ts";
import { hypervisorManifests } from "../desired/hypervisors.ts";
import { bareInput, gatherInput, type InputOptions } from "../desired/input.ts";
import { buildDesired, type Desired } from "../desired/objects.ts";
import { Releases } from "../desired/release-facts.ts";
import { type CloudState, INVENTORY_NAME, readState, STATE_NAME } from "../desired/state.ts";
import type { ApplyResult } from "../kube/apply.ts";
import type { Cache } from "../kube/cache.ts";
import type { KubeClient } from "../kube/client.ts";
import { readiness } from "../kube/ready.ts";
import { type KubeObject, refOf } from "../kube/types.ts";
import type { DriftRecord } from "../plan/drift.ts";
import type { EventNote, EventRecorder } from "../runtime/events.ts";
import type { BuildInput, Workload } from "../workloads/contract.ts";
import type { CloudAdmission } from "./cloud-admission.ts";
import { CloudScope } from "./cloud-scope.ts";
import { removeCloud } from "./deletion.ts";
import { ensureHypervisors } from "./hypervisors.ts";
import { MAKERS } from "./makers.ts";
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
  readonly gateway: ((cloud: Cloud) => string) | undefined;
  /** Asks for another pass over this Cloud. */
  readonly enqueue: (key: string) => void;
  readonly onWrite: (kind: string, result: ApplyResult) => void;
  readonly onDrift: (cloud: { readonly name: string; readonly namespace: string }, record: DriftRecord) => void;
  readonly onError: (where: string, error: unknown) => void;
  readonly events: EventRecorder;
  readonly admission: CloudAdmission;
  readonly log: (fields: Readonly<Record<string, unknown>>) => void;
}

/** Seconds until a pass that failed at something outside is tried again when no event comes before. */
const RETRY_SECONDS = 5;

const PAUSED = "nothing is changed while spec.change.paused is true";

type Outcome = { readonly requeueAfterSeconds: number | undefined };

/** Makes one Cloud what its resource says. Level triggered: every pass starts from what is, and may be the last one. */
export class CloudReconciler {
  readonly #options: CloudReconcilerOptions;
  readonly #scopes = new Map<string, Promise<CloudScope>>();
  readonly #releases: Releases;

  constructor(options: CloudReconcilerOptions) {
    this.#options = options;
    this.#releases = new Releases(options.onError);
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
    return this.#ensure(cloud, scope, await this.#options.admission.refusal(object));
  }

  async #ensure(cloud: Cloud, scope: CloudScope, refusal: StatusInput["stalled"]): Promise<Outcome> {
    this.#tellPause(cloud);
    if (cloud.spec.change.paused)
      return this.#report(cloud, { verdicts: this.#look(cloud, scope), held: { phase: "Paused", message: PAUSED } });
    if (refusal !== undefined) return this.#report(cloud, { verdicts: this.#look(cloud, scope), stalled: refusal });
    const state = this.#state(cloud, scope);
    const ports = {
      secrets: scope.secrets(),
      makers: MAKERS,
      services: () => scope.view.list("Service", cloud.metadata.namespace),
    };
    const gathered = await gatherInput(cloud, state, ports, this.#inputOptions());
    if (gathered.type === "stalled") {
      const { reason, message } = gathered;
      return this.#report(cloud, { verdicts: this.#look(cloud, scope), stalled: { reason, message } });
    }
    scope.use(cloud, gathered.input.facts);
    return this.#execute(gathered.input, { ...state, credentials: gathered.credentials }, { scope, before: state });
  }

  #state(cloud: Cloud, scope: CloudScope): CloudState {
    const { namespace } = cloud.metadata;
    return readState(scope.view.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name: STATE_NAME }));
  }

  #inputOptions(): InputOptions {
    const { workloads, images, clusterDomain, nodes } = this.#options;
    return { workloads, images, clusterDomain, nodes: nodes.list(), releases: this.#releases };
  }

  async #execute(
    input: BuildInput,
    state: CloudState,
    context: { scope: CloudScope; before: CloudState },
  ): Promise<Outcome> {
    const { scope, before } = context;
    const { cloud } = input;
    const desired = buildDesired(this.#options.workloads, input);
    const nodes = hypervisorManifests(input);
    const refs = [...desired.objects, ...nodes].map(refOf);
    await scope.inventory.add(refs);
    const { namespace } = cloud.metadata;
    if (scope.view.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name: INVENTORY_NAME }) === undefined)
      await scope.inventory.restore();
    const progress = await advance(desired.steps, state.done, scope.ports());
    const after = { ...state, done: progress.done };
    this.#tell(cloud, desired, { before, progress });
    if (!sameState(after, before)) scope.view.wrote(await writeState(this.#options.client, cloud.metadata, after));
    // What is no longer wanted goes when all that is wanted is there.
    if (progress.complete) await scope.inventory.prune(refs);
    const failed = [...progress.states.values()].some(({ state: step }) => step === "failed");
    const verdicts = workloadVerdicts(this.#options.workloads, input, lookInto(scope));
    const outcome = await this.#report(cloud, {
      progress,
      steps: desired.steps,
      verdicts,
      drift: scope.drift.open(),
    });
    await ensureHypervisors(input, nodes, scope, this.#options.client);
    // Before all steps were done once, nova is not there or knows no nodes.
    if (progress.complete && nodes.length > 0) scope.nova.start();
    // New addresses of Services may let builders emit more: another pass at once.
    if (
      Object.keys(clusterIPs(scope.view.list("Service", cloud.metadata.namespace))).length !==
      Object.keys(input.facts.clusterIPs).length
    )
      this.#options.enqueue(`${cloud.metadata.namespace}/${cloud.metadata.name}`);
    return failed ? { requeueAfterSeconds: RETRY_SECONDS } : outcome;
  }

  /** How the workloads stand, of a Cloud for which nothing is built. */
  #look(cloud: Cloud, scope: CloudScope): StatusInput["verdicts"] {
    return workloadVerdicts(this.#options.workloads, bareInput(cloud, this.#inputOptions()), lookInto(scope));
  }

  #tellPause(cloud: Cloud): void {
    const { paused } = cloud.spec.change;
    if (paused === (cloud.status?.phase === "Paused")) return;
    if (paused) this.#record(cloud, { type: "Normal", reason: "Paused", action: "Pause", note: PAUSED });
    else this.#record(cloud, { type: "Normal", reason: "Resumed", action: "Resume", note: "changes are made again" });
  }

  #record(cloud: Cloud, note: EventNote): void {
    const regarding = this.#options.clouds.get(cloud.metadata.name, cloud.metadata.namespace);
    if (regarding !== undefined) this.#options.events.record(regarding, note);
  }

  /** The cloud's story: each step that came to its end or failed, as an Event and a line of the log. */
  #tell(cloud: Cloud, desired: Desired, context: { before: CloudState; progress: Progress }): void {
    const { log } = this.#options;
    for (const { step, hash } of desired.steps) {
      const state = context.progress.states.get(step.id);
      if (state?.state === "done" && context.before.done[step.id] !== hash) {
        log({ step: step.id, state: "done" });
        this.#record(cloud, { type: "Normal", reason: "StepDone", action: "Execute", note: `${step.id} is done` });
      }
      if (state?.state !== "failed") continue;
      log({ step: step.id, state: "failed", message: state.message });
      const note = `${step.id}: ${state.message}. ${step.onFailure}`;
      this.#record(cloud, { type: "Warning", reason: "StepFailed", action: "Execute", note });
    }
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
      onFailure: (note) => this.#record(cloud, { type: "Warning", reason: "CleanupFailed", action: "Delete", note }),
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
    await (await scope)?.close();
    return { requeueAfterSeconds: undefined };
  }
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
