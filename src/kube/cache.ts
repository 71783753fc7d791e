import type { KubeClient, ListQuery } from "./client.ts";
import type { KubeObject } from "./types.ts";
import { type CacheEvent, Reflector, type ReflectorOptions } from "./watch.ts";

export interface CacheOptions<T extends KubeObject> extends ReflectorOptions<T> {
  /** Each index gives the values under which an object is found. */
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>;
  /** Told of a subscriber that threw; the others are still called. */
  readonly onHandlerError?: (error: unknown) => void;
}

export type CacheHandler<T extends KubeObject> = (event: CacheEvent<T>) => void;

/** A local, always current copy of a collection. Objects are shared: nobody changes them. */
export class Cache<T extends KubeObject = KubeObject> {
  readonly query: ListQuery;
  readonly #reflector: Reflector<T>;
  readonly #options: CacheOptions<T>;
  readonly #handlers = new Set<CacheHandler<T>>();
  readonly #indexes = new Map<string, Map<string, Set<T>>>();
  readonly #stop = new AbortController();
  readonly #sync = Promise.withResolvers<void>();
  #running: Promise<void> | undefined;
  #synced = false;

  constructor(client: KubeClient, query: ListQuery, options: CacheOptions<T> = {}) {
    this.query = query;
    this.#options = options;
    this.#reflector = new Reflector<T>(client, query, (event) => this.#receive(event), options);
    this.#sync.promise.catch(() => undefined); // closed before anybody waited
    for (const name of Object.keys(options.indexes ?? {})) this.#indexes.set(name, new Map());
  }

  /** Begins to list and watch. Does nothing the second time. */
  start(): void {
    this.#running ??= this.#reflector.run(this.#stop.signal);
  }

  get synced(): boolean {
    return this.#synced;
  }

  /** Resolves when the first list is complete; rejects when the cache is closed before. */
  waitForSync(): Promise<void> {
    return this.#sync.promise;
  }

  get(name: string, namespace?: string): T | undefined {
    return this.#reflector.objects.get(`${this.query.kind}/${namespace ?? ""}/${name}`);
  }

  list(namespace?: string): T[] {
    const all = [...this.#reflector.objects.values()];
    return namespace === undefined ? all : all.filter((object) => object.metadata.namespace === namespace);
  }

  byIndex(index: string, value: string): T[] {
    const values = this.#indexes.get(index);
    if (values === undefined) throw new RangeError(`cache of ${this.query.kind} has no index "${index}"`);
    return [...(values.get(value) ?? [])];
  }

  /** Calls `handler` with what is there already, then with each event. Returns the end of the subscription. */
  subscribe(handler: CacheHandler<T>): () => void {
    for (const object of this.#reflector.objects.values()) this.#call(handler, { type: "added", object });
    if (this.#synced) this.#call(handler, { type: "synced" });
    this.#handlers.add(handler);
    return () => this.#handlers.delete(handler);
  }

  /** Stops; afterwards no connection and no timer is left. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.#handlers.clear();
    this.#sync.reject(new Error(`cache of ${this.query.kind} was closed before its first list`));
    await this.#running;
  }

  #receive(event: CacheEvent<T>): void {
    if (event.type === "synced") {
      this.#synced = true;
      this.#sync.resolve();
    } else {
      if (event.type === "modified") this.#index(event.previous, "delete");
      this.#index(event.object, event.type === "deleted" ? "delete" : "add");
    }
    for (const handler of this.#handlers) this.#call(handler, event);
  }

  #index(object: T, change: "add" | "delete"): void {
    for (const [name, keysOf] of Object.entries(this.#options.indexes ?? {})) {
      const values = this.#indexes.get(name);
      for (const key of keysOf(object)) {
        const set = values?.get(key) ?? new Set<T>();
        set[change](object);
        if (set.size === 0) values?.delete(key);
        else values?.set(key, set);
      }
    }
  }

  #call(handler: CacheHandler<T>, event: CacheEvent<T>): void {
    try {
      handler(event);
    } catch (error) {
      const report = this.#options.onHandlerError;
      if (report !== undefined) report(error);
      else
        queueMicrotask(() => {
          throw error;
        }); // a mistake in the program: end loudly
    }
  }
}
