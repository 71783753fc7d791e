import { cloudRef } from "../api/cloud.ts";
import { FIELD_MANAGER, LABEL } from "../api/names.ts";
import type { KubeClient } from "../kube/client.ts";
import { type Desired, fieldAt } from "../kube/types.ts";
import { addDrift, DRIFT_KEY, DRIFT_NAME, type DriftRecord, driftText, knownDrift, readDrift } from "../plan/drift.ts";

export interface BookOptions {
  readonly client: KubeClient;
  readonly cloud: { readonly name: string; readonly namespace: string };
  /** Told of a record that could not be read or written; the next one tries again. */
  readonly onError: (error: unknown) => void;
}

/** Milliseconds in which records are gathered, between two writes, and between two when only counts went up. */
const GATHER_MS = 200;
const EVERY_MS = 5_000;
const COUNTS_MS = 60_000;

/**
 * The records of a Cloud in a ConfigMap, kept beside the passes: nothing waits for a write. It has no label by which
 * objects of the Cloud are found, and so is never the ground of a plan.
 */
export class DriftBook {
  readonly #options: BookOptions;
  #records: readonly DriftRecord[] | undefined;
  #uid = "";
  #tail: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #due = Number.POSITIVE_INFINITY;
  #written = Number.NEGATIVE_INFINITY;

  constructor(options: BookOptions) {
    this.#options = options;
  }

  /** Whose end is the book's end: the Cloud's `uid`, empty where it is not known. */
  belongsTo(uid: string): void {
    this.#uid = uid;
  }

  /** Adds a record and calls `onNew`; one that is perhaps not `fresh` only when the book does not say it already. */
  add(found: DriftRecord, fresh: boolean, onNew: (record: DriftRecord) => void): void {
    this.#later(async () => {
      const before = await this.#load();
      if (!fresh && knownDrift(before, found)) return;
      this.#records = addDrift(before, found);
      const kept = this.#records.at(-1) ?? found;
      this.#schedule(kept.count === undefined ? EVERY_MS : COUNTS_MS);
      onNew(kept);
    });
  }

  /** Writes what is not written yet. */
  async close(): Promise<void> {
    await this.#tail;
    if (this.#timer !== undefined) this.#write();
    await this.#tail;
  }

  #later(work: () => Promise<void>): void {
    this.#tail = this.#tail.then(work).catch((error: unknown) => this.#options.onError(error));
  }

  async #load(): Promise<readonly DriftRecord[]> {
    if (this.#records === undefined) {
      const { namespace } = this.#options.cloud;
      const ref = { apiVersion: "v1", kind: "ConfigMap", namespace, name: DRIFT_NAME };
      const text = fieldAt(await this.#options.client.get(ref), "data", DRIFT_KEY);
      this.#records = typeof text === "string" ? readDrift(text) : [];
    }
    return this.#records;
  }

  #schedule(everyMs: number): void {
    const now = Date.now();
    const due = Math.max(now + GATHER_MS, this.#written + everyMs);
    if (due >= this.#due) return;
    clearTimeout(this.#timer);
    this.#due = due;
    this.#timer = setTimeout(() => this.#write(), due - now).unref();
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#due = Number.POSITIVE_INFINITY;
    this.#written = Date.now();
    this.#later(async () => {
      await this.#options.client.apply(this.#manifest(), { fieldManager: FIELD_MANAGER, force: true });
    });
  }

  #manifest(): Desired {
    const { name, namespace } = this.#options.cloud;
    const { apiVersion, kind } = cloudRef({ name, namespace });
    const owner = this.#uid === "" ? {} : { ownerReferences: [{ apiVersion, kind, name, uid: this.#uid }] };
    const labels = { [LABEL.instance]: name, [LABEL.component]: "drift" };
    return {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: DRIFT_NAME, namespace, labels, ...owner },
      data: { [DRIFT_KEY]: driftText(this.#records ?? []) },
    };
  }
}
