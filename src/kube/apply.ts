import type { KubeClient } from "./client.ts";
import { type Difference, differences, shapeHash } from "./compare.ts";
import { type Desired, fieldAt, type KubeObject, keyOf, refOf } from "./types.ts";

export interface ApplierOptions {
  readonly fieldManager: string;
  /** Annotation that remembers which fields we wrote, so that a field given up is removed. */
  readonly shapeAnnotation: string;
  /** Told of every write, for metrics. */
  readonly onWrite?: (kind: string, result: ApplyResult) => void;
}

export type ApplyResult = "created" | "configured" | "unchanged";

export interface Applied<T extends KubeObject = KubeObject> {
  readonly result: ApplyResult;
  readonly object: T;
  /** Why it was written. */
  readonly differences: readonly Difference[];
}

/** The one way to write to Kubernetes: server-side apply of our fields, and no write where nothing would change. */
export class Applier {
  readonly #client: KubeClient;
  readonly #options: ApplierOptions;
  /** Differences that remain after an apply (the server's own spelling of a value, a webhook's additions), by object. */
  readonly #accepted = new Map<string, ReadonlySet<string>>();
  /** Manifests are not changed once they are built, and one is looked at in many passes. */
  readonly #prepared = new WeakMap<Desired, Desired>();

  constructor(client: KubeClient, options: ApplierOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Makes `desired` true. `live` is the object as last seen, undefined when there is none. Throws KubeError. */
  async apply(desired: Desired, live: KubeObject | undefined, options: { dryRun?: boolean } = {}): Promise<Applied> {
    const wanted = this.prepare(desired);
    const key = keyOf(refOf(wanted));
    const found = live === undefined ? [] : this.#unaccepted(wanted, live);
    if (live !== undefined && found.length === 0) return { result: "unchanged", object: live, differences: [] };
    let object = await this.#write(wanted, options.dryRun);
    if (!options.dryRun) {
      if (differences(wanted, object).some((difference) => difference.extra))
        object = await this.#takeOver(wanted, object);
      this.#accept(key, differences(wanted, object));
    }
    const same = live !== undefined && live.metadata.resourceVersion === object.metadata.resourceVersion;
    const result = live === undefined ? "created" : same ? "unchanged" : "configured";
    if (!options.dryRun) this.#options.onWrite?.(wanted.kind, result);
    return { result, object, differences: found };
  }

  /** What an apply would write; empty when it would write nothing. */
  open(desired: Desired, live: KubeObject): readonly Difference[] {
    return this.#unaccepted(this.prepare(desired), live);
  }

  /**
   * True when an apply would leave the object as it is: the API server or a webhook spells it so. It counts as right from
   * then on. Throws KubeError.
   */
  async isServersOwn(desired: Desired, live: KubeObject): Promise<boolean> {
    const wanted = this.prepare(desired);
    const found = differences(wanted, live);
    // What others added is only removed with a second write.
    if (found.some(({ extra }) => extra)) return false;
    const rest = differences(wanted, await this.#write(wanted, true));
    if (JSON.stringify(rest) !== JSON.stringify(found)) return false;
    this.#accept(keyOf(refOf(wanted)), rest);
    return true;
  }

  /** The object exactly as it is sent. */
  prepare(desired: Desired): Desired {
    const known = this.#prepared.get(desired);
    if (known !== undefined) return known;
    const made = prepared(desired, this.#options.shapeAnnotation);
    this.#prepared.set(desired, made);
    return made;
  }

  #unaccepted(wanted: Desired, live: KubeObject): readonly Difference[] {
    const accepted = this.#accepted.get(keyOf(refOf(wanted)));
    return differences(wanted, live).filter((difference) => accepted?.has(JSON.stringify(difference)) !== true);
  }

  #write(wanted: Desired, dryRun = false): Promise<KubeObject> {
    return this.#client.apply(wanted, { fieldManager: this.#options.fieldManager, force: true, dryRun });
  }

  /** Somebody added to what is ours as a whole: their additions become ours, and the next apply removes them. */
  async #takeOver(wanted: Desired, object: KubeObject): Promise<KubeObject> {
    const fields = mergeManagers(object, this.#options.fieldManager);
    if (fields === undefined) return object;
    const { resourceVersion } = object.metadata;
    await this.#client.patch(refOf(object), {
      type: "json",
      value: [
        { op: "test", path: "/metadata/resourceVersion", value: resourceVersion },
        { op: "replace", path: "/metadata/managedFields", value: fields },
      ],
    });
    return this.#write(wanted);
  }

  #accept(key: string, rest: readonly Difference[]): void {
    if (rest.length === 0) this.#accepted.delete(key);
    else this.#accepted.set(key, new Set(rest.map((difference) => JSON.stringify(difference))));
  }
}

/** An object as an `Applier` with this annotation sends it. Pure. */
export function prepared(desired: Desired, shapeAnnotation: string): Desired {
  const plain = withoutStringData(desired);
  const annotations = { ...plain.metadata.annotations, [shapeAnnotation]: shapeHash(plain) };
  return { ...plain, metadata: { ...plain.metadata, annotations } };
}

/** Applying `stringData` would never remove a key from `data`: send `data` alone. */
function withoutStringData(desired: Desired): Desired {
  const { stringData, ...rest } = desired;
  if (desired.kind !== "Secret" || stringData === undefined || stringData === null) return desired;
  const encoded = Object.entries(stringData).map(([key, value]) => [
    key,
    Buffer.from(String(value)).toString("base64"),
  ]);
  return { ...rest, data: { ...(rest["data"] as object | undefined), ...Object.fromEntries(encoded) } };
}

interface FieldsEntry {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
  readonly fieldsV1?: object;
}

/** Kubernetes' own writers keep what they wrote. */
const SYSTEM_MANAGER = /^(kube-|kubelet|cloud-)/;

/** managedFields with what people's tools own given to `manager`; undefined when there is nothing to give. */
function mergeManagers(object: KubeObject, manager: string): FieldsEntry[] | undefined {
  const entries = (fieldAt(object, "metadata", "managedFields") ?? []) as FieldsEntry[];
  const ours = entries.find((entry) => entry.manager === manager && entry.operation === "Apply" && !entry.subresource);
  const foreign = (entry: FieldsEntry): boolean =>
    entry !== ours && !entry.subresource && !SYSTEM_MANAGER.test(entry.manager);
  if (ours === undefined || !entries.some(foreign)) return undefined;
  const fieldsV1 = entries
    .filter(foreign)
    .reduce((all, entry) => union(all, entry.fieldsV1 ?? {}), ours.fieldsV1 ?? {});
  return [{ ...ours, fieldsV1 }, ...entries.filter((entry) => entry !== ours && !foreign(entry))];
}

/** True when `Applier` would take what others added to the object, and so remove it. */
export function takesOver(object: KubeObject, manager: string): boolean {
  return mergeManagers(object, manager) !== undefined;
}

function union(a: object, b: object): object {
  const result: Record<string, object> = { ...(a as Record<string, object>) };
  for (const [key, value] of Object.entries(b)) result[key] = union(result[key] ?? {}, value as object);
  return result;
}
