import { createHmac } from "node:crypto";
import type { Cloud } from "../api/cloud.ts";
import { driftAction, type DriftPolicy } from "../api/drift.ts";
import { FIELD_MANAGER, GROUP, VAULT_SECRET } from "../api/names.ts";
import { contentHash } from "../content/canonical.ts";
import { secretText } from "../desired/snapshot.ts";
import { AUTHORITY } from "../desired/vault.ts";
import type { Applier } from "../kube/apply.ts";
import type { KubeClient } from "../kube/client.ts";
import { type Difference, differences } from "../kube/compare.ts";
import { lastWriter } from "../kube/managers.ts";
import { fieldAt, type KubeObject, refOf } from "../kube/types.ts";
import { driftFields } from "../plan/drift-fields.ts";
import { type DriftRecord, identity, UNKNOWN_MANAGER } from "../plan/drift.ts";
import { keyedBy } from "../plan/secrets.ts";
import { type Manifest, objectKey } from "../workloads/contract.ts";
import { DriftBook } from "./drift-book.ts";
import { Fights } from "./drift-fights.ts";
import type { NamespaceView } from "./namespace-view.ts";

export interface DriftOptions {
  readonly client: KubeClient;
  readonly cloud: { readonly name: string; readonly namespace: string };
  readonly applier: Applier;
  readonly view: NamespaceView;
  /** Told of each change that nobody planned, once for each repair and once for each report. */
  readonly onDrift: (record: DriftRecord) => void;
  /** Asks for another pass: a repair that waited is due, or what was told is over. */
  readonly onChange: () => void;
  readonly onError: (where: string, error: unknown) => void;
}

/** What a plan that is carried out changes. */
export interface Planned {
  readonly plan: string;
  /** Keys of objects; what else is among them does no harm. */
  readonly keys: readonly string[];
}

/** What is not as it was planned, and stays so for now. */
export interface OpenDrift {
  readonly record: DriftRecord;
  /** Left: the Cloud says that it is only reported. Fought: it comes back as often as it is repaired. */
  readonly why: "Left" | "Fought";
}

interface Left {
  readonly record: DriftRecord;
  /** Of the object as it was looked at. */
  readonly version: string;
  readonly pass: number;
}

interface Fought {
  readonly record: DriftRecord;
  readonly id: string;
  readonly paths: string;
}

/** Who changes what we write on its way into the API server. */
export const ADMISSION = "admission";
const SHAPE = `metadata.annotations.${GROUP}/shape`;
const REPAIR: DriftPolicy = { default: "Repair", kinds: [] };
/** Values shorter than this are in too many texts to be told apart. */
const SHORTEST_SECRET = 8;

/**
 * Tells a change that nobody planned from one that a step makes: repairs it, or leaves it where the Cloud says so, and
 * records it. What is as it should be costs a comparison and nothing more.
 */
export class Drift {
  readonly #options: DriftOptions;
  readonly #book: DriftBook;
  readonly #fights = new Fights();
  /** Objects that were as they should be in this process. */
  readonly #right = new Set<string>();
  readonly #left = new Map<string, Left>();
  readonly #fought = new Map<string, Fought>();
  /** Content that was written without a step, and in which pass, by object. */
  readonly #made = new Map<string, { readonly hash: string; readonly pass: number }>();
  /** Secrets that were there once in this process. */
  readonly #secrets = new Set<string>();
  #policy = REPAIR;
  #plan: string | undefined;
  /** Objects that the plan still has to write. */
  #planned = new Set<string>();
  #pass = 0;
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;

  constructor(options: DriftOptions) {
    this.#options = options;
    const { client, cloud, onError } = options;
    this.#book = new DriftBook({ client, cloud, onError: (error) => onError("drift records", error) });
  }

  /** Begins a pass. What a plan writes is no drift, though its step was done before; after that it is again. */
  begin(cloud: Cloud, planned?: Planned): void {
    this.#policy = cloud.spec.drift;
    if (planned === undefined || planned.plan !== this.#plan) this.#planned = new Set(planned?.keys);
    this.#plan = planned?.plan;
    this.#pass += 1;
    this.#book.belongsTo(cloud.metadata.uid);
  }

  /** What is open after a pass, in order of key. */
  open(): readonly OpenDrift[] {
    const now = Date.now();
    const left = [...this.#left.values()].filter(({ pass }) => pass === this.#pass);
    for (const [key, { id }] of this.#fought) {
      if (this.#fights.fought(id, now)) this.#wake(this.#fights.quietIn(id, now));
      else this.#fought.delete(key);
    }
    const all = [
      ...left.map(({ record }): OpenDrift => ({ record, why: "Left" })),
      ...[...this.#fought.values()].map(({ record }): OpenDrift => ({ record, why: "Fought" })),
    ];
    return all.toSorted((a, b) => (a.record.object < b.record.object ? -1 : 1));
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#book.close();
  }

  /** Makes the object what it should be; see `StepPorts.ensure`. Throws KubeError. */
  async ensure(manifest: Manifest, settled?: boolean): Promise<void> {
    const { applier, view } = this.#options;
    const key = objectKey(manifest);
    const live = view.get(refOf(manifest));
    if (this.#planned.has(key) || !(settled ?? this.#madeBefore(key, manifest))) {
      this.#left.delete(key);
      const { object } = await applier.apply(manifest, live);
      view.wrote(object);
      this.#planned.delete(key);
      return;
    }
    const found = live === undefined ? [] : applier.open(manifest, live);
    if (live !== undefined && found.length === 0) {
      this.#left.delete(key);
      this.#right.add(key);
    } else if (!this.#waits(key, live, found)) await this.#unplanned(manifest);
  }

  /** Writes a Secret of ours; one that was there before and is gone, or that others changed, is drift. Throws KubeError. */
  async rewrite(manifest: Manifest): Promise<void> {
    const { client, applier, view } = this.#options;
    const { name } = manifest.metadata;
    const now = this.#secrets.has(name) ? await client.get(refOf(manifest)) : undefined;
    const found = now === undefined ? [] : applier.open(manifest, now);
    const record = this.#secrets.has(name) ? this.#recordOf(manifest, now, found) : undefined;
    view.wrote(await client.apply(manifest, { fieldManager: FIELD_MANAGER, force: true }));
    this.#secrets.add(name);
    const others =
      record?.deleted === true ||
      ![FIELD_MANAGER, UNKNOWN_MANAGER, ADMISSION].includes(record?.manager ?? UNKNOWN_MANAGER);
    if (record !== undefined && others) this.#tell(record, true);
  }

  /** A Secret of the Cloud was there. */
  sawSecret(name: string): void {
    this.#secrets.add(name);
  }

  /** True when the pass before this one had the same content. */
  #madeBefore(key: string, manifest: Manifest): boolean {
    const before = this.#made.get(key);
    const hash = contentHash(manifest);
    this.#made.set(key, { hash, pass: this.#pass });
    return before?.hash === hash && before.pass >= this.#pass - 1;
  }

  /** True while nothing is done about it: it was looked at before and is left, or its repair is not due. */
  #waits(key: string, live: KubeObject | undefined, found: readonly Difference[]): boolean {
    const left = this.#left.get(key);
    const kind = key.split("/", 1)[0] ?? "";
    if (left?.version === versionOf(live) && driftAction(this.#policy, kind) === "Report") {
      this.#left.set(key, { ...left, pass: this.#pass });
      return true;
    }
    const fought = this.#fought.get(key);
    if (fought === undefined || fought.paths !== pathsOf(found)) return false;
    const wait = this.#fights.wait(fought.id, Date.now());
    if (wait > 0) this.#wake(wait);
    return wait > 0;
  }

  async #unplanned(manifest: Manifest): Promise<void> {
    const { client, applier, view } = this.#options;
    const key = objectKey(manifest);
    // The watch's copies have no managers, and miss what lost our label.
    const now = await client.get(refOf(manifest));
    const found = now === undefined ? [] : applier.open(manifest, now);
    if (now !== undefined && found.length === 0) return;
    const record = this.#recordOf(manifest, now, found);
    // Only our own note of which fields we write differs: the operator before this one wrote another.
    const own = found.length > 0 && found.every(({ path }) => path === SHAPE) && record.manager === ADMISSION;
    if (!own && driftAction(this.#policy, manifest.kind) === "Report") {
      if (now !== undefined && (await applier.isServersOwn(manifest, now))) this.#tell(keptOf(record, found), false);
      else this.#leave(key, manifest, record);
      return;
    }
    this.#left.delete(key);
    const id = identity(record);
    const wait = this.#fights.wait(id, Date.now());
    if (wait > 0) {
      this.#fought.set(key, { record, id, paths: pathsOf(found) });
      this.#wake(wait);
      return;
    }
    const { object } = await applier.apply(manifest, now);
    view.wrote(object);
    if (own) return;
    this.#repaired(keptOf(record, differences(applier.prepare(manifest), object)), { key, id, paths: pathsOf(found) });
  }

  #leave(key: string, manifest: Manifest, record: DriftRecord): void {
    const told: DriftRecord = { ...record, action: "Reported" };
    const version = versionOf(this.#options.view.get(refOf(manifest)));
    // The process before this one may have told it; what was right in this one and is not any more is new.
    const fresh = this.#right.has(key) && !this.#left.has(key);
    this.#left.set(key, { record: told, version, pass: this.#pass });
    this.#tell(told, fresh);
  }

  #repaired(record: DriftRecord, { key, id, paths }: { key: string; id: string; paths: string }): void {
    const now = Date.now();
    this.#fights.repaired(id, now, record.deleted === true);
    const fight = this.#fights.fought(id, now);
    const told = fight ? { ...record, fight } : record;
    if (fight) this.#fought.set(key, { record: told, id, paths });
    this.#tell(told, told.action === "Repaired");
  }

  #tell(record: DriftRecord, fresh: boolean): void {
    this.#book.add(record, fresh, this.#options.onDrift);
  }

  #recordOf(manifest: Manifest, now: KubeObject | undefined, found: readonly Difference[]): DriftRecord {
    const about = { time: new Date().toISOString(), object: objectKey(manifest), action: "Repaired" as const };
    if (now === undefined) return { ...about, deleted: true, manager: UNKNOWN_MANAGER, fields: [] };
    const paths = found.map(({ path }) => path);
    const writer = lastWriter(now, paths, FIELD_MANAGER);
    // Nobody has taken what differs from us: it was changed while we wrote it.
    const ours = paths.every((path) => lastWriter(now, [path])?.manager === FIELD_MANAGER);
    return {
      ...about,
      manager: writer?.manager ?? (ours ? ADMISSION : UNKNOWN_MANAGER),
      ...(writer?.time === undefined ? {} : { managerTime: writer.time }),
      fields: this.#fieldsOf(manifest, now, found),
    };
  }

  #fieldsOf(manifest: Manifest, now: KubeObject, found: readonly Difference[]): DriftRecord["fields"] {
    const { view, cloud, applier } = this.#options;
    const ref = { apiVersion: "v1", kind: "Secret", namespace: cloud.namespace, name: VAULT_SECRET };
    const vault = secretText(view.get(ref)) ?? {};
    const key = vault[`${AUTHORITY}.tls.key`] ?? contentHash(vault);
    // A certificate is for everybody to read.
    const secrets = Object.entries(vault).filter(([name]) => !name.endsWith(".crt"));
    const known = secrets.map(([, value]) => value).filter(({ length }) => length >= SHORTEST_SECRET);
    const secret = manifest.kind === "Secret";
    const wanted = applier.prepare(manifest);
    const told = found.filter(({ path }) => path !== SHAPE || found.length === 1);
    const differing = told.map((one) => (secret ? withData(one, wanted, now) : one));
    return driftFields(differing, {
      secret,
      keyed: keyedBy(createHmac("sha256", "underpin drift").update(key).digest("hex")),
      holdsSecret: (text) => known.some((value) => text.includes(value)),
    });
  }

  /** Asks for a pass in so many milliseconds, unless one is asked for sooner. */
  #wake(ms: number): void {
    const due = Date.now() + ms;
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => {
      this.#due = Number.POSITIVE_INFINITY;
      this.#options.onChange();
    }, ms).unref();
  }
}

/** A difference of a Secret hides the values: here they are again, to be hashed. */
function withData(one: Difference, wanted: Manifest, now: KubeObject): Difference {
  if (!one.path.startsWith("data.")) return one;
  const key = one.path.slice("data.".length);
  return { ...one, wanted: fieldAt(wanted, "data", key), found: fieldAt(now, "data", key) };
}

/** The record, or another one when the object is after the repair as it was before: whoever does that sits in the API server. */
function keptOf(record: DriftRecord, rest: readonly Difference[]): DriftRecord {
  const { managerTime: _time, ...about } = record;
  const fields = record.fields.filter(({ path }) => rest.some((one) => one.path === path));
  return fields.length === 0 ? record : { ...about, action: "Reported", manager: ADMISSION, fields };
}

function versionOf(object: KubeObject | undefined): string {
  return object?.metadata.resourceVersion ?? "gone";
}

function pathsOf(found: readonly Difference[]): string {
  return found
    .map(({ path }) => path)
    .toSorted()
    .join("\n");
}
