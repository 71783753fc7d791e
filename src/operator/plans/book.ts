import { API_VERSION, FIELD_MANAGER, LABEL } from "../../api/names.ts";
import { PLAN_KIND, type Plan as PlanResource, type PlanStatus, readPlan } from "../../api/plan.ts";
import { canonicalJson } from "../../content/canonical.ts";
import type { Cache } from "../../kube/cache.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isReason } from "../../kube/errors.ts";
import type { KubeObject, ObjectRef } from "../../kube/types.ts";
import { chunkOf, contentConfigMaps, packContent, type PlanContent, unpackContent } from "../../plan/content.ts";
import { withConditions } from "./conditions.ts";

/** The Cloud that a Plan is of, or the Plan that a content is of. */
export interface PlanOwner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Plans that have ended and are kept; older ones go with their content. */
const KEPT = 40;
const ENDED = ["Succeeded", "Failed", "Aborted", "Superseded"];

/** The Plans of all Clouds: reads them from the watch, and its own writes until the watch has caught up. */
export class PlanBook {
  readonly #client: KubeClient;
  readonly #plans: Cache;
  readonly #written = new Map<string, KubeObject>();
  /** Each version is read once, though every pass asks. */
  readonly #read = new WeakMap<KubeObject, PlanResource>();

  constructor(client: KubeClient, plans: Cache) {
    this.#client = client;
    this.#plans = plans;
    plans.subscribe((event) => {
      if (event.type === "synced") return;
      const { namespace = "", name, uid } = event.object.metadata;
      const written = this.#written.get(`${namespace}/${name}`);
      if (written === undefined) return;
      // A deletion is final at once, whatever its version.
      const gone = event.type === "deleted" && written.metadata.uid === uid;
      if (gone || version(event.object) >= version(written)) this.#written.delete(`${namespace}/${name}`);
    });
  }

  /** The Plan, or undefined when there is none. */
  find(namespace: string, name: string): PlanResource | undefined {
    const object = this.#newest(namespace, name);
    return object === undefined ? undefined : this.#parse(object);
  }

  /** The operator's Plans of a Cloud, newest first; candidates left out. */
  of({ namespace, name }: PlanOwner): readonly PlanResource[] {
    return this.#plans
      .list(namespace)
      .map((object) => this.#parse(this.#newest(namespace, object.metadata.name) ?? object))
      .filter(({ spec }) => spec.cloud === name && spec.candidate === undefined)
      .filter(({ metadata }) => metadata.labels[LABEL.instance] === name)
      .toSorted((a, b) => (b.metadata.creationTimestamp ?? "").localeCompare(a.metadata.creationTimestamp ?? ""));
  }

  /** Writes a Plan with its content; one that is there already is taken up again. Throws KubeError. */
  async open(owner: PlanOwner, name: string, content: PlanContent, status: PlanStatus): Promise<void> {
    const reference = { apiVersion: API_VERSION, kind: "Cloud", name: owner.name, uid: owner.uid };
    const metadata = {
      name,
      namespace: owner.namespace,
      labels: { [LABEL.instance]: owner.name },
      ownerReferences: [reference],
    };
    const object = { apiVersion: API_VERSION, kind: PLAN_KIND, metadata, spec: { cloud: owner.name } };
    const made = await this.#client.apply(object, { fieldManager: FIELD_MANAGER, force: true });
    this.#remember(made);
    await this.write({ namespace: owner.namespace, name, uid: made.metadata.uid ?? "" }, content, status);
  }

  /** Writes content and status of a Plan that is there. Throws KubeError. */
  async write(plan: PlanOwner, content: PlanContent, status: PlanStatus): Promise<void> {
    const packed = packContent(content, { prefix: plan.name });
    for (const part of contentConfigMaps(packed, plan))
      await this.#client.apply(part, { fieldManager: FIELD_MANAGER, force: true });
    const chunks = packed.chunks.map((chunk) => chunk.name);
    await this.tell(plan.namespace, plan.name, { ...status, content: { hash: packed.hash, chunks } });
  }

  /** Writes the whole status when it differs; what it does not name goes. A Plan that somebody deleted stays deleted. Throws KubeError. */
  async tell(namespace: string, name: string, status: PlanStatus): Promise<void> {
    const before = this.find(namespace, name)?.status;
    const whole = withConditions(status, before, new Date());
    if (canonicalJson(before) === canonicalJson(whole)) return;
    const object = { apiVersion: API_VERSION, kind: PLAN_KIND, metadata: { name, namespace }, status: whole };
    const options = { fieldManager: FIELD_MANAGER, force: true, subresource: "status" } as const;
    try {
      this.#remember(await this.#client.apply(object, options));
    } catch (error) {
      if (!isReason(error, "NotFound")) throw error;
      this.#written.delete(`${namespace}/${name}`);
    }
  }

  /** Writes a part of the status beside what it says. Throws KubeError. */
  async add(namespace: string, name: string, part: PlanStatus): Promise<void> {
    const before = this.find(namespace, name)?.status;
    if (before !== undefined) await this.tell(namespace, name, { ...before, ...part });
  }

  /** All that a Plan says. Throws KubeError; ContentError when it cannot be read. */
  async content(plan: PlanResource): Promise<PlanContent> {
    const { namespace } = plan.metadata;
    const { hash = "", chunks = [] } = plan.status?.content ?? {};
    const ref = (name: string): ObjectRef => ({ apiVersion: "v1", kind: "ConfigMap", namespace, name });
    const found = await Promise.all(chunks.map(async (name) => chunkOf(await this.#client.get(ref(name)))));
    return unpackContent(found, hash);
  }

  /** Lets go of the oldest Plans that have ended; `keep` stays. Throws KubeError. */
  async trim(owner: PlanOwner, keep: readonly string[]): Promise<void> {
    const ended = this.of(owner).filter(({ status }) => ENDED.includes(status?.phase ?? ""));
    for (const { metadata } of ended.slice(KEPT)) {
      if (keep.includes(metadata.name)) continue;
      const { namespace, name } = metadata;
      await this.#client.delete({ apiVersion: API_VERSION, kind: PLAN_KIND, namespace, name });
    }
  }

  #parse(object: KubeObject): PlanResource {
    const known = this.#read.get(object) ?? readPlan(object);
    this.#read.set(object, known);
    return known;
  }

  #newest(namespace: string, name: string): KubeObject | undefined {
    const seen = this.#plans.get(name, namespace);
    const written = this.#written.get(`${namespace}/${name}`);
    if (written === undefined || (seen !== undefined && version(seen) >= version(written))) return seen;
    return written;
  }

  #remember(object: KubeObject): void {
    const { namespace = "", name } = object.metadata;
    this.#written.set(`${namespace}/${name}`, object);
  }
}

function version(object: KubeObject): bigint {
  return BigInt(object.metadata.resourceVersion ?? "0");
}
