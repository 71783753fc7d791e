import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient, ListQuery } from "./client.ts";
import { isGone, isReason } from "./errors.ts";
import { type KubeObject, keyOf, refOf } from "./types.ts";

export type CacheEvent<T extends KubeObject = KubeObject> =
  | { readonly type: "added"; readonly object: T }
  | { readonly type: "modified"; readonly object: T; readonly previous: T }
  | { readonly type: "deleted"; readonly object: T }
  /** The first list is complete. */
  | { readonly type: "synced" };

export interface ReflectorOptions<T extends KubeObject> {
  /** Makes objects smaller before they are kept; managedFields are dropped in any case. */
  readonly transform?: (object: T) => T;
  /** Told of each broken or refused watch or list; it is tried again. */
  readonly onError?: (error: unknown) => void;
  readonly idleMs?: number;
  /** Seconds of one watch: a random number between the two. */
  readonly watchSeconds?: readonly [number, number];
  /** Milliseconds between two attempts: first, and longest. */
  readonly backoffMs?: readonly [number, number];
  /** Milliseconds after which everything is listed anew, in case an event was ever lost. */
  readonly relistMs?: number;
}

const SHORT_MS = 1000;

/** Keeps a map equal to a collection of the API server: list, then watch, for ever, until `run`'s signal aborts. */
export class Reflector<T extends KubeObject = KubeObject> {
  readonly #client: KubeClient;
  readonly #query: ListQuery;
  readonly #options: ReflectorOptions<T>;
  readonly #emit: (event: CacheEvent<T>) => void;
  readonly #objects = new Map<string, T>();
  #version: string | undefined;
  #listedAt = 0;
  #synced = false;
  #failures = 0;

  constructor(
    client: KubeClient,
    query: ListQuery,
    emit: (event: CacheEvent<T>) => void,
    options: ReflectorOptions<T> = {},
  ) {
    this.#client = client;
    this.#query = query;
    this.#emit = emit;
    this.#options = options;
  }

  get objects(): ReadonlyMap<string, T> {
    return this.#objects;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#mustList()) await this.#list(signal);
        const start = performance.now();
        await this.#watch(signal);
        // A server or proxy that ends watches at once must not make us spin.
        if (performance.now() - start < SHORT_MS) await this.#backOff(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (isGone(error)) this.#version = undefined;
        else this.#options.onError?.(error);
        // After a stall, or when the version became too old in the meantime, waiting would help nobody.
        const listedNow = performance.now() - this.#listedAt < SHORT_MS;
        if (!isReason(error, "Stalled") && (!isGone(error) || listedNow)) await this.#backOff(signal);
      }
    }
  }

  #mustList(): boolean {
    const relistMs = this.#options.relistMs ?? 3_600_000;
    return this.#version === undefined || performance.now() - this.#listedAt > relistMs;
  }

  async #list(signal: AbortSignal): Promise<void> {
    const { resourceVersion, items } = await this.#client.list<T>(this.#query, signal);
    const missing = new Set(this.#objects.keys());
    for (const item of items) {
      missing.delete(keyOf(refOf(item)));
      this.#set(item);
    }
    for (const key of missing) this.#remove(key);
    this.#version = resourceVersion;
    this.#listedAt = performance.now();
    this.#failures = 0;
    if (!this.#synced) {
      this.#synced = true;
      this.#emit({ type: "synced" });
    }
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const [least, most] = this.#options.watchSeconds ?? [240, 480];
    const events = this.#client.watch<T>(this.#query, {
      resourceVersion: this.#version ?? "",
      signal,
      timeoutSeconds: Math.round(least + Math.random() * (most - least)),
      ...(this.#options.idleMs === undefined ? {} : { idleMs: this.#options.idleMs }),
    });
    for await (const { type, object } of events) {
      this.#failures = 0;
      this.#version = object.metadata.resourceVersion;
      if (type === "DELETED") this.#remove(keyOf(refOf(object)), object);
      else if (type !== "BOOKMARK") this.#set(object);
    }
  }

  #set(raw: T): void {
    const { managedFields: _dropped, ...metadata } = raw.metadata;
    const object = { ...raw, metadata } as T;
    const key = keyOf(refOf(object));
    const previous = this.#objects.get(key);
    const kept = this.#options.transform?.(object) ?? object;
    this.#objects.set(key, kept);
    if (previous === undefined) this.#emit({ type: "added", object: kept });
    else if (previous.metadata.resourceVersion !== object.metadata.resourceVersion)
      this.#emit({ type: "modified", object: kept, previous });
  }

  #remove(key: string, last?: T): void {
    const object = this.#objects.get(key) ?? last;
    this.#objects.delete(key);
    if (object !== undefined) this.#emit({ type: "deleted", object });
  }

  async #backOff(signal: AbortSignal): Promise<void> {
    const [first, longest] = this.#options.backoffMs ?? [1000, 30_000];
    const wait = Math.min(longest, first * 2 ** this.#failures) * (0.5 + Math.random() / 2);
    this.#failures += 1;
    await sleep(wait, undefined, { signal }).catch(() => undefined); // aborted: run() ends
  }
}
