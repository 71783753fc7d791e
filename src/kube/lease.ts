import { setTimeout as sleep } from "node:timers/promises";
import type { KubeClient } from "./client.ts";
import { isReason } from "./errors.ts";
import { fieldAt, type KubeObject, type ObjectRef } from "./types.ts";

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Who we are; unique for each process. */
  readonly identity: string;
  /** Milliseconds after which others may take a lease that nobody renewed. Default 15 s. */
  readonly durationMs?: number;
  /** Milliseconds without a renewal after which we give up the lead ourselves. Default 10 s; less than `durationMs`. */
  readonly deadlineMs?: number;
  /** Milliseconds between two attempts. Default 2 s. */
  readonly retryMs?: number;
  readonly onError?: (error: unknown) => void;
}

/** Leadership by a coordination.k8s.io Lease. Others' clocks are not trusted: a lease is old when we saw it unchanged for its duration. */
export class LeaderLease {
  readonly #client: KubeClient;
  readonly #ref: ObjectRef;
  readonly #options: LeaseOptions;
  readonly #durationMs: number;
  readonly #deadlineMs: number;
  readonly #retryMs: number;
  readonly #stop = new AbortController();
  #seen: { version: string | undefined; at: number } = { version: undefined, at: 0 };
  #renewing: Promise<void> | undefined;
  #renewedAt = 0;
  #held = false;
  /** Who else holds it, as last seen. */
  #other: string | undefined;

  constructor(client: KubeClient, options: LeaseOptions) {
    this.#client = client;
    this.#options = options;
    this.#ref = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      namespace: options.namespace,
      name: options.name,
    };
    this.#durationMs = options.durationMs ?? 15_000;
    this.#deadlineMs = options.deadlineMs ?? 10_000;
    this.#retryMs = options.retryMs ?? 2_000;
    if (this.#deadlineMs >= this.#durationMs) throw new RangeError("deadlineMs must be less than durationMs");
  }

  /** True while nobody else can hold the lease. */
  get held(): boolean {
    return this.#held && performance.now() - this.#renewedAt < this.#durationMs;
  }

  /** Waits until we lead, then renews; `onLost` is called once if the lead is lost other than by `release`. False: aborted. */
  async acquire(signal: AbortSignal, onLost: (why: string) => void): Promise<boolean> {
    while (!signal.aborted) {
      if (await this.#try()) {
        this.#held = true;
        this.#renewing = this.#renew(onLost);
        return true;
      }
      await pause(this.#retryMs * (0.8 + Math.random() * 0.4), signal);
    }
    return false;
  }

  /** Gives the lead up at once, so that the next one need not wait. */
  async release(): Promise<void> {
    this.#stop.abort();
    await this.#renewing;
    if (!this.held) return;
    this.#held = false;
    const live = await this.#client.get(this.#ref);
    if (live === undefined || holderOf(live) !== this.#options.identity) return;
    await this.#write(live, { holderIdentity: null, renewTime: now() });
  }

  async #renew(onLost: (why: string) => void): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await pause(this.#retryMs, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      // Checked before the call too: a blocked process may wake up long after its lease ran out.
      const lost = this.#expired() ?? ((await this.#try()) ? undefined : this.#taken());
      if (lost !== undefined) {
        this.#held = false;
        onLost(lost);
        return;
      }
    }
  }

  #expired(): string | undefined {
    const age = Math.round(performance.now() - this.#renewedAt);
    return age > this.#deadlineMs ? `not renewed for ${age} ms` : undefined;
  }

  #taken(): string | undefined {
    return this.#other === undefined ? this.#expired() : `held by ${this.#other}`;
  }

  /** One attempt to take or renew; true when we hold the lease afterwards. */
  async #try(): Promise<boolean> {
    const start = performance.now();
    // Bounded, so that a silent server cannot keep us from noticing that the lease ran out.
    const signal = AbortSignal.timeout(Math.ceil(this.#deadlineMs / 3));
    try {
      const live = await this.#client.get(this.#ref, signal);
      if (live === undefined) await this.#create(signal);
      else if (this.#mayTake(live)) await this.#write(live, this.#claim(live), signal);
      else return false;
      this.#renewedAt = start;
      this.#other = undefined;
      return true;
    } catch (error) {
      // Somebody was faster; the next attempt sees who.
      if (!isReason(error, "Conflict", "AlreadyExists")) this.#options.onError?.(error);
      return false;
    }
  }

  #mayTake(live: KubeObject): boolean {
    const holder = holderOf(live);
    const free = holder === "" || holder === this.#options.identity;
    if (!free) this.#other = holder;
    if (live.metadata.resourceVersion !== this.#seen.version) {
      this.#seen = { version: live.metadata.resourceVersion, at: performance.now() };
      return free;
    }
    const duration = Number(fieldAt(live, "spec", "leaseDurationSeconds") ?? this.#durationMs / 1000);
    return free || performance.now() - this.#seen.at > duration * 1000;
  }

  #claim(live?: KubeObject): Record<string, unknown> {
    const { identity } = this.#options;
    const changes = Number(fieldAt(live, "spec", "leaseTransitions") ?? 0);
    const mine = live !== undefined && holderOf(live) === identity;
    return {
      holderIdentity: identity,
      leaseDurationSeconds: Math.max(1, Math.round(this.#durationMs / 1000)),
      renewTime: now(),
      ...(mine ? {} : { acquireTime: now(), leaseTransitions: live === undefined ? 0 : changes + 1 }),
    };
  }

  async #create(signal: AbortSignal): Promise<void> {
    const { apiVersion, kind, name, namespace = "" } = this.#ref;
    await this.#client.create({ apiVersion, kind, metadata: { namespace, name }, spec: this.#claim() }, { signal });
  }

  async #write(live: KubeObject, spec: Record<string, unknown>, signal?: AbortSignal): Promise<void> {
    const value = { metadata: { resourceVersion: live.metadata.resourceVersion }, spec };
    await this.#client.patch(this.#ref, { type: "merge", value }, signal === undefined ? {} : { signal });
  }
}

function holderOf(lease: KubeObject): string {
  return (fieldAt(lease, "spec", "holderIdentity") as string | undefined) ?? "";
}

/** The API wants microseconds. */
function now(): string {
  return new Date().toISOString().replace("Z", "000Z");
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined); // aborted: the caller's loop ends
}
