import type { KubeClient } from "./client.ts";
import { isReason } from "./errors.ts";
import { fieldAt, type KubeObject, keyOf, type ObjectRef } from "./types.ts";

export interface InventoryOptions {
  readonly namespace: string;
  /** Name of the ConfigMap. */
  readonly name: string;
  readonly fieldManager: string;
  readonly labels?: Readonly<Record<string, string>>;
}

export interface PruneOptions {
  /** Objects that leave the inventory but stay in the cluster (retained data, what is no longer ours). */
  readonly keep?: (object: KubeObject) => boolean;
  readonly signal?: AbortSignal;
}

export interface PruneResult {
  /** Deletion was asked for in this run. */
  readonly deleted: readonly ObjectRef[];
  /** Not gone yet, or waiting for others to go first: prune again. */
  readonly remaining: readonly ObjectRef[];
}

/** What stops first. Whatever is not named goes in the middle; namespaces go last. */
const ORDER: readonly (readonly string[])[] = [
  [
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
  ],
  ["CronJob", "Job", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Pod"],
  ["Service", "Ingress", "NetworkPolicy"],
  [],
  ["PersistentVolumeClaim"],
  ["ConfigMap", "Secret", "RoleBinding", "ClusterRoleBinding", "Role", "ClusterRole", "ServiceAccount"],
  ["CustomResourceDefinition", "PriorityClass", "StorageClass", "PersistentVolume"],
  ["Namespace"],
];
const MIDDLE = ORDER.findIndex((kinds) => kinds.length === 0);

/** The list of all objects that we made, in a ConfigMap: an object is added before it is created, and leaves when it is gone. */
export class Inventory {
  readonly #client: KubeClient;
  readonly #options: InventoryOptions;
  readonly #ref: ObjectRef;
  #refs: Map<string, ObjectRef> | undefined;

  constructor(client: KubeClient, options: InventoryOptions) {
    this.#client = client;
    this.#options = options;
    this.#ref = { apiVersion: "v1", kind: "ConfigMap", namespace: options.namespace, name: options.name };
  }

  async list(): Promise<readonly ObjectRef[]> {
    return [...(await this.#load()).values()];
  }

  /** Call before objects are created. Writes nothing when all are known. */
  async add(refs: readonly ObjectRef[]): Promise<void> {
    const known = await this.#load();
    const added = refs.filter((ref) => known.get(identity(ref))?.apiVersion !== ref.apiVersion);
    if (added.length > 0) await this.#store(new Map([...known, ...added.map((ref) => [identity(ref), ref] as const)]));
  }

  /** Writes the list again when somebody deleted it. */
  async restore(): Promise<void> {
    const known = this.#refs;
    if (known !== undefined && known.size > 0 && (await this.#client.get(this.#ref)) === undefined)
      await this.#store(known);
  }

  /** Deletes what is in the inventory but not in `desired`, one stage after the other; returns what is still there. */
  async prune(desired: readonly ObjectRef[], options: PruneOptions = {}): Promise<PruneResult> {
    const known = await this.#load();
    const wanted = new Set(desired.map(identity));
    const doomed = [...known.values()].filter((ref) => !wanted.has(identity(ref)));
    const gone: ObjectRef[] = [];
    const deleted: ObjectRef[] = [];
    const stages = Map.groupBy(doomed, stageOf);
    for (const stage of [...stages.keys()].toSorted((a, b) => a - b)) {
      options.signal?.throwIfAborted();
      const outcomes = await Promise.all((stages.get(stage) ?? []).map((ref) => this.#remove(ref, options)));
      gone.push(...outcomes.filter((outcome) => outcome.gone).map(({ ref }) => ref));
      deleted.push(...outcomes.filter((outcome) => outcome.deleted).map(({ ref }) => ref));
      if (outcomes.some((outcome) => !outcome.gone)) break; // the next stage may still be in use
    }
    const left = new Set(gone.map(identity));
    if (left.size > 0) await this.#store(new Map([...known].filter(([key]) => !left.has(key))));
    return { deleted, remaining: doomed.filter((ref) => !left.has(identity(ref))) };
  }

  /** Forgets everything and removes the ConfigMap itself. Only after a prune that left nothing. */
  async destroy(): Promise<void> {
    await this.#client.delete(this.#ref);
    this.#refs = undefined;
  }

  async #remove(ref: ObjectRef, options: PruneOptions): Promise<{ ref: ObjectRef; gone: boolean; deleted: boolean }> {
    const live = await this.#find(ref);
    if (live === undefined || options.keep?.(live)) return { ref, gone: true, deleted: false };
    if (live.metadata.deletionTimestamp !== undefined) return { ref, gone: false, deleted: false };
    const { uid } = live.metadata;
    // Foreground: a workload is gone only when its pods are.
    const propagation = stageOf(ref) === 1 ? "Foreground" : "Background";
    await this.#client.delete(ref, { propagation, ...(uid === undefined ? {} : { uid }) });
    return { ref, gone: (await this.#find(ref)) === undefined, deleted: true };
  }

  /** An object whose kind is no longer served is gone with it. */
  async #find(ref: ObjectRef): Promise<KubeObject | undefined> {
    try {
      return await this.#client.get(ref);
    } catch (error) {
      if (isReason(error, "UnknownKind") || (isReason(error, "NotFound") && error.status === 404)) return undefined;
      throw error;
    }
  }

  async #load(): Promise<Map<string, ObjectRef>> {
    if (this.#refs !== undefined) return this.#refs;
    const live = await this.#client.get(this.#ref);
    const text = (fieldAt(live, "data", "objects") ?? "") as string;
    const refs = text.split("\n").filter(Boolean).map(parseRef);
    this.#refs = new Map(refs.map((ref) => [identity(ref), ref]));
    return this.#refs;
  }

  async #store(refs: Map<string, ObjectRef>): Promise<void> {
    const { namespace, name, labels, fieldManager } = this.#options;
    const objects = [...refs.values()].map(formatRef).toSorted().join("\n");
    const metadata = { namespace, name, ...(labels === undefined ? {} : { labels }) };
    const manifest = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { objects } };
    await this.#client.apply(manifest, { fieldManager, force: true });
    this.#refs = refs;
  }
}

function stageOf(ref: ObjectRef): number {
  const stage = ORDER.findIndex((kinds) => kinds.includes(ref.kind));
  return stage === -1 ? MIDDLE : stage;
}

/** Group, kind, namespace and name: the version may change. */
function identity(ref: ObjectRef): string {
  const group = ref.apiVersion.includes("/") ? ref.apiVersion.split("/", 1)[0] : "";
  return `${group}/${keyOf(ref)}`;
}

function formatRef(ref: ObjectRef): string {
  return [ref.apiVersion, ref.kind, ref.namespace ?? "-", ref.name].join(" ");
}

function parseRef(line: string): ObjectRef {
  const [apiVersion = "", kind = "", namespace = "", name = ""] = line.split(" ");
  return { apiVersion, kind, name, ...(namespace === "-" ? {} : { namespace }) };
}
