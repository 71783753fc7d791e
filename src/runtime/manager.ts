import { Cache, type CacheOptions } from "../kube/cache.ts";
import type { KubeClient, ListQuery } from "../kube/client.ts";
import { LeaderLease, type LeaseOptions } from "../kube/lease.ts";
import type { KubeObject } from "../kube/types.ts";
import type { Controller } from "./controller.ts";
import { HealthServer } from "./health.ts";
import { Metrics } from "./metrics.ts";

export interface ManagerOptions {
  readonly client: KubeClient;
  /** Absent: no election, this process leads. */
  readonly lease?: LeaseOptions;
  readonly health?: { readonly host: string; readonly port: number };
  readonly metrics?: Metrics;
  /** Told of what went wrong in the background and is tried again. */
  readonly onError?: (where: string, error: unknown) => void;
  /** Told when this process begins to lead. */
  readonly onLead?: () => void;
  /** Milliseconds that running reconcilers get to stop. Default 20 s. */
  readonly graceMs?: number;
}

/** Why `run` came back. After `lost-lease` the process must exit at once: somebody else leads. */
export type StopReason = { readonly type: "stopped" } | { readonly type: "lost-lease"; readonly why: string };

/** Starts caches, waits for the lead, runs controllers, and stops all of it in order. */
export class Manager {
  readonly metrics: Metrics;
  readonly #options: ManagerOptions;
  readonly #caches = new Set<Cache<never>>();
  readonly #controllers: Controller<never>[] = [];
  #state: "new" | "started" | "leading" | "stopped" = "new";
  #port = 0;

  constructor(options: ManagerOptions) {
    this.#options = options;
    this.metrics = options.metrics ?? new Metrics();
  }

  /** Port of the health server, once it listens. */
  get port(): number {
    return this.#port;
  }

  /** A cache that lives as long as the manager, or until `drop`; may be asked for at any time. */
  cache<T extends KubeObject = KubeObject>(query: ListQuery, options: CacheOptions<T> = {}): Cache<T> {
    const onError = (error: unknown): void => this.#options.onError?.(`watch of ${query.kind}`, error);
    const cache = new Cache<T>(this.#options.client, query, { onError, onHandlerError: onError, ...options });
    this.#caches.add(cache as unknown as Cache<never>);
    if (this.#state !== "new") cache.start();
    return cache;
  }

  async drop<T extends KubeObject>(cache: Cache<T>): Promise<void> {
    this.#caches.delete(cache as unknown as Cache<never>);
    await cache.close();
  }

  /** Call before `run`. */
  add<Key extends string>(controller: Controller<Key>): void {
    this.#controllers.push(controller as unknown as Controller<never>);
  }

  /** Runs until `signal` aborts or the lead is lost. Throws when it cannot start. */
  async run(signal: AbortSignal): Promise<StopReason> {
    const health = this.#healthServer();
    const lost = Promise.withResolvers<StopReason>();
    const lease = this.#options.lease && new LeaderLease(this.#options.client, this.#withErrors(this.#options.lease));
    try {
      this.#port = (await health?.listen()) ?? 0;
      this.#state = "started";
      for (const cache of this.#caches) cache.start();
      await orAborted(Promise.all([...this.#caches].map((cache) => cache.waitForSync())), signal);
      const leads =
        lease === undefined || (await lease.acquire(signal, (why) => lost.resolve({ type: "lost-lease", why })));
      if (!leads || signal.aborted) return { type: "stopped" };
      this.#lead();
      return (await Promise.race([orAborted(lost.promise, signal), lost.promise])) ?? { type: "stopped" };
    } finally {
      await this.#stop(lease);
      await health?.close();
    }
  }

  #lead(): void {
    this.#state = "leading";
    this.metrics.leads(true);
    this.#options.onLead?.();
    for (const controller of this.#controllers) controller.start(this.metrics);
  }

  async #stop(lease: LeaderLease | undefined): Promise<void> {
    this.#state = "stopped";
    this.metrics.leads(false);
    const stopped = Promise.all(this.#controllers.map((controller) => controller.stop()));
    const inTime = await withTimeout(stopped, this.#options.graceMs ?? 20_000);
    if (!inTime) this.#options.onError?.("stop", new Error("reconcilers did not stop in time; they are left behind"));
    await Promise.all([...this.#caches].map((cache) => cache.close()));
    // Only now: nobody may begin while we still write.
    if (inTime)
      await lease?.release().catch((error: unknown) => this.#options.onError?.("release of the lease", error));
  }

  #healthServer(): HealthServer | undefined {
    const { health } = this.#options;
    const unsynced = (): string[] =>
      [...this.#caches]
        .filter((cache) => !cache.synced)
        .map((cache) => `cache of ${cache.query.kind} is not complete yet`);
    const ready = (): string[] => (this.#state === "new" ? ["not started yet"] : unsynced());
    return health && new HealthServer({ ...health, registry: this.metrics.registry, alive: () => [], ready });
  }

  #withErrors(options: LeaseOptions): LeaseOptions {
    return { onError: (error) => this.#options.onError?.("lease", error), ...options };
  }
}

/** The promise's value, or undefined once `signal` aborts. */
async function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const { promise: aborted, resolve } = Promise.withResolvers<undefined>();
  const stop = (): void => resolve(undefined);
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

async function withTimeout(promise: Promise<unknown>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(() => resolve(false), ms);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Aborts at the first SIGTERM or SIGINT. Returns the signal to give to `Manager.run`. */
export function terminationSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => stop.abort());
  return stop.signal;
}
