import type { Cache } from "../kube/cache.ts";
import type { KubeObject } from "../kube/types.ts";
import type { CacheEvent } from "../kube/watch.ts";
import { BackOff } from "./back-off.ts";
import { KeyedQueue } from "./queue.ts";
import type { Metrics } from "./metrics.ts";

/** How a run ended when it did not throw. */
export type ReconcileResult =
  /** All is as it should be; the next event brings the next run. */
  | { readonly type: "done" }
  /** Look again after `ms` milliseconds, or at the next event. */
  | { readonly type: "requeueAfter"; readonly ms: number }
  /** Something else must happen first, and a watch will tell. Looked at again after a minute all the same. */
  | { readonly type: "waiting"; readonly reason: string };

export const DONE: ReconcileResult = { type: "done" };

/** Makes the world of one key right, from its state alone. Idempotent; may be stopped anywhere; stops soon after `signal` aborts. */
export type Reconciler<Key extends string = string> = (key: Key, signal: AbortSignal) => Promise<ReconcileResult>;

export interface ControllerOptions<Key extends string> {
  readonly name: string;
  readonly reconcile: Reconciler<Key>;
  /** Keys worked on at once; one key never has two workers. Default 4. */
  readonly concurrency?: number;
  /** Told of each failed run; it is tried again. */
  readonly onError?: (key: Key, error: unknown, retryMs: number) => void;
  readonly onResult?: (key: Key, result: ReconcileResult) => void;
  /** Milliseconds of the first and of the longest wait after failures. */
  readonly backOffMs?: readonly [number, number];
}

const RECHECK_MS = 60_000;

/** Runs one reconciler for the keys that events name. */
export class Controller<Key extends string = string> {
  readonly name: string;
  readonly #options: ControllerOptions<Key>;
  readonly #queue: KeyedQueue<Key>;
  readonly #backOff: BackOff<Key>;
  readonly #stop = new AbortController();
  readonly #work = new Set<Promise<void>>();
  readonly #subscriptions = new Set<() => void>();
  #metrics: Metrics | undefined;
  #started = false;

  constructor(options: ControllerOptions<Key>) {
    this.name = options.name;
    this.#options = options;
    this.#queue = new KeyedQueue<Key>(() => this.#pump());
    this.#backOff = new BackOff<Key>(...(options.backOffMs ?? []));
  }

  /** Asks for a run of `key`. */
  enqueue(key: Key): void {
    this.#queue.add(key);
    this.#showDepth();
  }

  /** Enqueues what `keysOf` names for each added, modified or deleted object. Returns the end of it. */
  watch<T extends KubeObject>(cache: Cache<T>, keysOf: (event: ObjectEvent<T>) => readonly Key[]): () => void {
    const end = cache.subscribe((event) => {
      if (event.type !== "synced") for (const key of keysOf(event)) this.enqueue(key);
    });
    this.#subscriptions.add(end);
    return () => {
      end();
      this.#subscriptions.delete(end);
    };
  }

  /** Begins to work; what was enqueued before runs now. */
  start(metrics?: Metrics): void {
    this.#metrics = metrics;
    this.#started = true;
    this.#pump();
  }

  /** Takes nothing new, asks the running ones to stop, and waits for them. */
  async stop(): Promise<void> {
    for (const end of this.#subscriptions) end();
    this.#queue.close();
    this.#stop.abort();
    await Promise.all(this.#work);
  }

  #pump(): void {
    const most = this.#options.concurrency ?? 4;
    while (this.#started && !this.#stop.signal.aborted && this.#queue.running < most) {
      const key = this.#queue.take();
      if (key === undefined) break;
      const work = this.#run(key).finally(() => {
        this.#work.delete(work);
        this.#queue.done(key);
        this.#pump();
      });
      this.#work.add(work);
    }
    this.#showDepth();
  }

  async #run(key: Key): Promise<void> {
    const start = performance.now();
    let outcome: ReconcileResult["type"] | "error";
    try {
      const result = await this.#options.reconcile(key, this.#stop.signal);
      outcome = result.type;
      this.#backOff.forget(key);
      if (result.type === "requeueAfter") this.#queue.addAfter(key, result.ms);
      if (result.type === "waiting") this.#queue.addAfter(key, RECHECK_MS * (0.9 + Math.random() * 0.2));
      this.#options.onResult?.(key, result);
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      outcome = "error";
      const retryMs = this.#backOff.next(key);
      this.#queue.addAfter(key, retryMs);
      this.#options.onError?.(key, error, retryMs);
    }
    this.#metrics?.reconciled(this.name, outcome, (performance.now() - start) / 1000);
  }

  #showDepth(): void {
    this.#metrics?.depth(this.name, this.#queue.depth);
  }
}

export type ObjectEvent<T extends KubeObject> = Exclude<CacheEvent<T>, { type: "synced" }>;
