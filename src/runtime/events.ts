import { randomBytes } from "node:crypto";
import type { KubeClient } from "../kube/client.ts";
import { isNotFound } from "../kube/errors.ts";
import type { KubeObject } from "../kube/types.ts";

export interface EventOptions {
  /** `underpin.dev/operator` */
  readonly controller: string;
  /** Name of this process, normally the pod's. */
  readonly instance: string;
  readonly onError?: (error: unknown) => void;
  /** Milliseconds in which a repetition counts as the same event. Default 6 minutes. */
  readonly seriesMs?: number;
  /** Milliseconds between two writes of one event's count. Default 1 minute. */
  readonly updateMs?: number;
}

export interface EventNote {
  readonly type: "Normal" | "Warning";
  /** CamelCase, for machines. */
  readonly reason: string;
  /** What we did, CamelCase. */
  readonly action: string;
  /** For people; at most 1024 characters are kept. Never a secret. */
  readonly note: string;
}

interface Series {
  readonly namespace: string;
  readonly name: string;
  readonly startedAt: number;
  count: number;
  writtenAt: number;
}

/** Tells an object's story as Events (events.k8s.io/v1). What repeats is counted, not written again. */
export class EventRecorder {
  readonly #client: KubeClient;
  readonly #options: EventOptions;
  readonly #series = new Map<string, Series>();
  #tail: Promise<void> = Promise.resolve();

  constructor(client: KubeClient, options: EventOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** Returns at once; an Event that cannot be written is reported to `onError` and forgotten. */
  record(regarding: KubeObject, note: EventNote): void {
    const key = [regarding.kind, regarding.metadata.uid, note.reason, note.note].join("\n");
    const known = this.#series.get(key);
    const now = Date.now();
    if (known !== undefined && now - known.startedAt < (this.#options.seriesMs ?? 360_000)) {
      known.count += 1;
      if (now - known.writtenAt < (this.#options.updateMs ?? 60_000)) return;
      known.writtenAt = now;
      this.#later(() => this.#writeCount(known));
      return;
    }
    const namespace = regarding.metadata.namespace ?? "default";
    const name = `${regarding.metadata.name.slice(0, 200)}.${randomBytes(8).toString("hex")}`;
    this.#forgetOld(now);
    this.#series.set(key, { namespace, name, startedAt: now, count: 1, writtenAt: now });
    this.#later(() => this.#create({ namespace, name }, regarding, note));
  }

  /** Resolves when all that was recorded so far is written. */
  flush(): Promise<void> {
    return this.#tail;
  }

  #later(write: () => Promise<void>): void {
    this.#tail = this.#tail.then(write).catch((error: unknown) => this.#options.onError?.(error));
  }

  async #create(metadata: { namespace: string; name: string }, regarding: KubeObject, note: EventNote): Promise<void> {
    const { apiVersion, kind } = regarding;
    const { name, namespace, uid, resourceVersion } = regarding.metadata;
    await this.#client.create({
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata,
      eventTime: microTime(),
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance.slice(0, 128),
      regarding: { apiVersion, kind, name, namespace, uid, resourceVersion },
      ...note,
      note: note.note.slice(0, 1024),
    });
  }

  async #writeCount({ namespace, name, count }: Series): Promise<void> {
    const ref = { apiVersion: "events.k8s.io/v1", kind: "Event", namespace, name };
    const value = { series: { count, lastObservedTime: microTime() } };
    await this.#client.patch(ref, { type: "merge", value }).catch((error: unknown) => {
      if (!isNotFound(error)) throw error; // Events expire; the next repetition starts a new one
    });
  }

  #forgetOld(now: number): void {
    const oldest = now - (this.#options.seriesMs ?? 360_000);
    for (const [key, series] of this.#series) if (series.startedAt < oldest) this.#series.delete(key);
  }
}

/** The API wants microseconds. */
function microTime(): string {
  return new Date().toISOString().replace("Z", "000Z");
}
