import { isDeepStrictEqual } from "node:util";
import type {
  ApplyOptions,
  DeleteOptions,
  KubeClient,
  KubeList,
  ListQuery,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from "./client.ts";
import { KubeError } from "./errors.ts";
import { fromTree, leaves, Owners, removeLeaf, sameContent, setLeaf, type Tree, toTree } from "./fake-fields.ts";
import { applyJsonPatch, matches, mergePatch, selected } from "./fake-patch.ts";
import { Resources } from "./resources.ts";
import type { Call } from "./transport.ts";
import { type Desired, fieldAt, type Kind, type KubeObject, type ObjectRef, refOf } from "./types.ts";

export interface FakeOptions {
  /** Called before each call; may throw to make it fail, or wait. */
  readonly before?: (verb: string, ref: ObjectRef | ListQuery) => void | Promise<void>;
  /** Answers `raw` and `text`. */
  readonly onRaw?: (call: Call) => unknown;
}

interface Logged {
  readonly version: number;
  readonly kind: string;
  readonly event: WatchEvent;
  readonly previous: KubeObject | undefined;
}

type Write = { manager: string; options: WriteOptions; change: (tree: Tree, owners: Owners) => void };

/** An API server in memory: no defaults, validation or controllers, but real versions, watches, ownership and finalizers. */
export class FakeKube implements KubeClient {
  /** Every write that changed something, `verb Kind/namespace/name`. */
  readonly writes: string[] = [];
  /** Log of each pod, by `namespace/name`. */
  readonly podLogs = new Map<string, string>();
  readonly #options: FakeOptions;
  readonly #objects = new Map<string, KubeObject>();
  readonly #log: Logged[] = [];
  readonly #watchers = new Set<() => void>();
  readonly #resources: Resources;
  #version = 0;
  #compacted = 0;

  constructor(options: FakeOptions = {}) {
    this.#options = options;
    this.#resources = new Resources((path) => this.#discover(path));
    for (const name of ["default", "kube-system"])
      this.#insert({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  }

  async get<T extends KubeObject>(ref: ObjectRef, signal?: AbortSignal): Promise<T | undefined> {
    await this.#enter("get", ref, signal);
    return structuredClone(this.#objects.get(keyIn(ref))) as T | undefined;
  }

  async list<T extends KubeObject>(query: ListQuery, signal?: AbortSignal): Promise<KubeList<T>> {
    await this.#enter("list", query, signal);
    const prefix = kindKey(query);
    const found = [...this.#objects].filter(([key, object]) => key.startsWith(`${prefix}/`) && matches(object, query));
    return { resourceVersion: String(this.#version), items: found.map(([, object]) => structuredClone(object) as T) };
  }

  async create<T extends KubeObject>(object: Desired, options: WriteOptions = {}): Promise<T> {
    await this.#enter("create", refOf(object), options.signal);
    if (this.#objects.has(keyIn(refOf(object)))) throw refused(refOf(object), 409, "AlreadyExists", "already exists");
    const change = (tree: Tree, owners: Owners): void => {
      Object.assign(tree, toTree({ ...object, status: undefined }));
      owners.update(options.fieldManager ?? "unknown", leaves(tree).keys(), []);
    };
    return this.#write(refOf(object), { manager: "", options, change }) as T;
  }

  async delete(ref: ObjectRef, options: DeleteOptions = {}): Promise<boolean> {
    await this.#enter("delete", ref);
    const live = this.#objects.get(keyIn(ref));
    if (live === undefined) return false;
    if (options.uid !== undefined && options.uid !== live.metadata.uid)
      throw refused(ref, 409, "Conflict", "the uid differs");
    if (options.resourceVersion !== undefined && options.resourceVersion !== live.metadata.resourceVersion)
      throw refused(ref, 409, "Conflict", "the resourceVersion differs");
    if (options.dryRun) return true;
    if ((live.metadata.finalizers ?? []).length === 0) this.#remove(live);
    else if (live.metadata.deletionTimestamp === undefined) {
      const metadata = { ...live.metadata, deletionTimestamp: new Date().toISOString() };
      this.#store({ ...live, metadata }, "MODIFIED");
    }
    this.writes.push(`delete ${live.kind}/${ref.namespace ?? ""}/${ref.name}`);
    return true;
  }

  async patch<T extends KubeObject>(ref: ObjectRef, patch: Patch, options: WriteOptions = {}): Promise<T> {
    await this.#enter("patch", ref, options.signal);
    const live = this.#objects.get(keyIn(ref));
    if (live === undefined) throw refused(ref, 404, "NotFound", "not found");
    const next = (
      patch.type === "merge" ? mergePatch(live, patch.value) : applyJsonPatch(live, patch.value)
    ) as KubeObject;
    const wanted = next.metadata.resourceVersion;
    if (wanted !== undefined && wanted !== live.metadata.resourceVersion)
      throw refused(
        ref,
        409,
        "Conflict",
        "the object has been modified; please apply your changes to the latest version",
      );
    const fields =
      fieldAt(patch, "value", 1, "path") === "/metadata/managedFields" ? next.metadata["managedFields"] : undefined;
    const change = (tree: Tree, owners: Owners): void =>
      replaceAll(tree, next, owners, options.fieldManager ?? "unknown");
    return this.#write(ref, { manager: "", options, change }, fields) as T;
  }

  async apply<T extends KubeObject>(object: Desired, options: ApplyOptions): Promise<T> {
    const ref = refOf(object);
    await this.#enter("apply", ref, options.signal);
    const change = (tree: Tree, owners: Owners): void => {
      const wanted = leaves(toTree(only(object, options.subresource)));
      const mine = owners.of(options.fieldManager);
      const now = leaves(tree);
      const taken = [...wanted]
        .filter(([path, value]) => !isDeepStrictEqual(now.get(path), value))
        .map(([path]) => path);
      const conflicts = taken.filter((path) => owners.others(options.fieldManager, path).length > 0);
      if (!options.force && conflicts.length > 0) throw conflict(ref, conflicts, owners, options.fieldManager);
      const part = options.subresource === "status" ? '["status"' : "";
      for (const path of mine) {
        const ours = (part === "") === !path.startsWith('["status"');
        if (ours && !wanted.has(path) && owners.others(options.fieldManager, path).length === 0) removeLeaf(tree, path);
      }
      for (const [path, value] of wanted) setLeaf(tree, path, value);
      const rest = [...mine].filter((path) => (part === "") === path.startsWith('["status"'));
      owners.apply(options.fieldManager, [...wanted.keys(), ...rest], conflicts);
    };
    return this.#write(ref, { manager: options.fieldManager, options, change }) as T;
  }

  async *watch<T extends KubeObject>(query: ListQuery, options: WatchOptions): AsyncGenerator<WatchEvent<T>> {
    await this.#enter("watch", query, options.signal);
    let version = Number(options.resourceVersion);
    if (version + 1 < this.#compacted) throw refused(query, 410, "Expired", "too old resource version");
    const until = Date.now() + (options.timeoutSeconds ?? 300) * 1000;
    while (!options.signal.aborted && Date.now() < until) {
      for (const entry of this.#log.filter((one) => one.version > version && one.kind === kindKey(query))) {
        version = entry.version;
        const event = selected(entry, query);
        if (event !== undefined) yield structuredClone(event) as WatchEvent<T>;
        if (options.signal.aborted) return;
      }
      if (!this.#log.some((entry) => entry.version > version && entry.kind === kindKey(query)))
        await this.#changed(options.signal, until - Date.now());
    }
  }

  async logs(pod: { namespace: string; name: string }): Promise<string> {
    const ref = { apiVersion: "v1", kind: "Pod", ...pod };
    await this.#enter("logs", ref);
    if (!this.#objects.has(keyIn(ref))) throw refused(ref, 404, "NotFound", "not found");
    return this.podLogs.get(`${pod.namespace}/${pod.name}`) ?? "";
  }

  async *followLogs(pod: { namespace: string; name: string }): AsyncGenerator<string> {
    yield* (await this.logs(pod)).split("\n").filter(Boolean);
  }

  async raw(call: Call): Promise<unknown> {
    if (this.#options.onRaw === undefined)
      throw new KubeError(`${call.method} ${call.path}`, 404, { reason: "NotFound" });
    return this.#options.onRaw(call);
  }

  async text(call: Call): Promise<string> {
    return String(await this.raw(call));
  }

  /** Ends all watches, as a server that restarts does. */
  async close(): Promise<void> {
    for (const wake of this.#watchers) wake();
  }

  /** Forgets old versions: a watch from before gets 410. */
  compact(): void {
    this.#compacted = this.#version;
  }

  async #enter(verb: string, ref: ObjectRef | ListQuery, signal?: AbortSignal): Promise<void> {
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(signal?.reason);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", abort, { once: true });
    await Promise.race([this.#options.before?.(verb, ref), aborted.promise]);
    signal?.removeEventListener("abort", abort);
    await this.#resources.resolve(ref);
  }

  #write(ref: ObjectRef, write: Write, managedFields?: unknown): KubeObject {
    const live = this.#objects.get(keyIn(ref));
    if (live === undefined) this.#mustHaveNamespace(ref);
    const tree = toTree(live ?? {}) as Tree;
    const before = structuredClone(tree);
    const owners = new Owners(managedFields ?? live?.metadata["managedFields"]);
    write.change(tree, owners);
    const changed = fromTree(tree) as KubeObject;
    const status = write.options.subresource === "status";
    const kept = status ? { ...live, status: changed["status"] } : { ...changed, status: live?.["status"] };
    const metadata = status ? { ...live?.metadata } : { ...changed.metadata, ...identityOf(live) };
    Object.assign(metadata, { name: ref.name, managedFields: owners.toManagedFields(!sameContent(tree, before)) });
    if (ref.namespace !== undefined) Object.assign(metadata, { namespace: ref.namespace });
    const next = { ...kept, apiVersion: ref.apiVersion, kind: ref.kind, metadata } as KubeObject;
    if (next["status"] === undefined) delete (next as unknown as Tree)["status"];
    if (live !== undefined && isDeepStrictEqual(next, live)) return structuredClone(live);
    if (write.options.dryRun) return structuredClone(next);
    this.writes.push(`${live === undefined ? "create" : "update"} ${ref.kind}/${ref.namespace ?? ""}/${ref.name}`);
    return structuredClone(live === undefined ? this.#insert(next) : this.#update(next, live));
  }

  #insert(object: KubeObject): KubeObject {
    const made = { uid: crypto.randomUUID(), generation: 1, creationTimestamp: new Date().toISOString() };
    return this.#store({ ...object, metadata: { ...object.metadata, ...made } }, "ADDED");
  }

  #update(next: KubeObject, live: KubeObject): KubeObject {
    const bump = isDeepStrictEqual(content(next), content(live)) ? 0 : 1;
    const generation = (live.metadata.generation ?? 1) + bump;
    const stored = this.#store({ ...next, metadata: { ...next.metadata, generation } }, "MODIFIED");
    if (stored.metadata.deletionTimestamp !== undefined && (stored.metadata.finalizers ?? []).length === 0)
      this.#remove(stored);
    return stored;
  }

  #store(object: KubeObject, type: "ADDED" | "MODIFIED" | "DELETED"): KubeObject {
    this.#version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    const ref = refOf(stored);
    const previous = this.#objects.get(keyIn(ref));
    if (type === "DELETED") this.#objects.delete(keyIn(ref));
    else this.#objects.set(keyIn(ref), stored);
    this.#log.push({ version: this.#version, kind: kindKey(ref), event: { type, object: stored }, previous });
    for (const wake of this.#watchers) wake();
    return stored;
  }

  #remove(object: KubeObject): void {
    this.#store(object, "DELETED");
  }

  #mustHaveNamespace(ref: ObjectRef): void {
    if (ref.namespace === undefined) return;
    const namespace = { apiVersion: "v1", kind: "Namespace", name: ref.namespace };
    if (!this.#objects.has(keyIn(namespace))) throw refused(namespace, 404, "NotFound", "not found");
  }

  async #discover(path: string): Promise<unknown> {
    const [, , group, version] = path.split("/");
    const crds = [...this.#objects.values()].filter((object) => object.kind === "CustomResourceDefinition");
    const served = crds.filter((crd) => fieldAt(crd, "spec", "group") === group);
    const resources = served.map((crd) => ({
      name: fieldAt(crd, "spec", "names", "plural"),
      kind: fieldAt(crd, "spec", "names", "kind"),
      namespaced: fieldAt(crd, "spec", "scope") === "Namespaced",
    }));
    if (resources.length === 0) throw new KubeError(`GET ${path}`, 404, { message: `no ${version} in ${group}` });
    return { resources };
  }

  async #changed(signal: AbortSignal, waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, waitMs);
    this.#watchers.add(resolve);
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    this.#watchers.delete(resolve);
  }
}

function replaceAll(tree: Tree, next: KubeObject, owners: Owners, manager: string): void {
  const before = leaves(tree);
  const after = leaves(toTree(next));
  const changed = [...after]
    .filter(([path, value]) => !isDeepStrictEqual(before.get(path), value))
    .map(([path]) => path);
  owners.update(
    manager,
    changed,
    [...before.keys()].filter((path) => !after.has(path)),
  );
  for (const key of Object.keys(tree)) delete tree[key];
  Object.assign(tree, toTree(next));
}

function only(object: Desired, subresource: string | undefined): Partial<Desired> {
  const { status, ...rest } = object;
  return subresource === "status" ? { status } : rest;
}

function identityOf(live: KubeObject | undefined): object {
  if (live === undefined) return {};
  const { uid, generation, creationTimestamp, resourceVersion, deletionTimestamp } = live.metadata;
  return { uid, generation, creationTimestamp, resourceVersion, ...(deletionTimestamp && { deletionTimestamp }) };
}

/** What `metadata.generation` counts the changes of. */
function content({ metadata: _metadata, status: _status, ...rest }: KubeObject): object {
  return rest;
}

function kindKey({ apiVersion, kind }: Kind): string {
  return `${apiVersion.includes("/") ? apiVersion.split("/", 1)[0] : ""}.${kind}`;
}

function keyIn(ref: ObjectRef): string {
  return `${kindKey(ref)}/${ref.namespace ?? ""}/${ref.name}`;
}

function conflict(ref: ObjectRef, paths: readonly string[], owners: Owners, manager: string): KubeError {
  const causes = paths.map((path) => ({
    reason: "FieldManagerConflict",
    message: `conflict with "${owners.others(manager, path).join('", "')}"`,
    field: `.${(JSON.parse(path) as string[]).join(".")}`,
  }));
  return new KubeError(`apply ${ref.kind} ${ref.name}`, 409, {
    reason: "Conflict",
    message: `Apply failed with ${causes.length} conflicts`,
    details: { name: ref.name, causes },
  });
}

function refused(ref: ObjectRef | ListQuery, status: number, reason: string, message: string): KubeError {
  const name = "name" in ref ? ref.name : "";
  return new KubeError(`${ref.kind} ${name}`, status, {
    reason,
    message: `${ref.kind} "${name}": ${message}`,
    details: { name },
  });
}
