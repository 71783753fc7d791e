import { randomBytes } from "node:crypto";

import { isNotFound, OpenStackError } from "../openstack/error.ts";
import type { Session } from "../openstack/session.ts";
import type { WitnessApi, WitnessCycle, WitnessDefinition } from "../workloads/witness-contract.ts";
import { TIMEOUT_MS, witnessApi, type Measure } from "./api.ts";
import type { Operation } from "./records.ts";
import { type OpenOperation, SLOW_MS } from "./report.ts";

/** Begins the name of everything that the witness makes. */
export const PREFIX = "underpin-witness-";

export interface EngineOptions {
  readonly definitions: readonly WitnessDefinition[];
  /** The session of the witness' member, and of its second user; undefined when there is none. */
  readonly session: (as: "member" | "service") => Session | undefined;
  readonly readEverySeconds: number;
  readonly cycleEverySeconds: number;
  readonly onOperation: (operation: Operation, failure?: string) => void;
  /** What is no operation but should be known: nothing could be cleaned up. */
  readonly onTrouble: (message: string) => void;
}

/**
 * Sends reads and life-cycles at fixed times, whether or not earlier ones have ended, so that an outage is seen as long as it
 * is. At most as many are open as start within the timeout.
 */
export class Engine {
  readonly #options: EngineOptions;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #open = new Set<OpenOperation>();
  /** Cycles that may have left something behind. */
  readonly #dirty = new Set<WitnessCycle>();

  constructor(options: EngineOptions) {
    this.#options = options;
    for (const { cycles } of options.definitions) for (const cycle of cycles) this.#dirty.add(cycle);
  }

  /** Operations that have not ended. */
  get open(): readonly OpenOperation[] {
    return [...this.#open];
  }

  start(): void {
    const { definitions, readEverySeconds, cycleEverySeconds } = this.#options;
    const cycles = definitions.flatMap((definition) => definition.cycles.map((cycle) => ({ definition, cycle })));
    // Spread over the period, so that the load is even.
    definitions.forEach((definition, index) => {
      const offset = (index / definitions.length) * readEverySeconds;
      let turn = 0;
      this.#every(readEverySeconds, offset, () => this.#read(definition, turn++));
    });
    cycles.forEach(({ definition, cycle }, index) => {
      const offset = (index / cycles.length) * cycleEverySeconds;
      let busy = false;
      this.#every(cycleEverySeconds, offset, async () => {
        if (busy) return;
        busy = true;
        await this.#cycle(definition, cycle).finally(() => {
          busy = false;
        });
      });
    });
  }

  /** Starts nothing more and waits for what is open. */
  async stop(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#running);
  }

  #every(periodSeconds: number, offsetSeconds: number, work: () => Promise<void>): void {
    const run = (): void => {
      const running = work().catch((error: unknown) => this.#options.onTrouble(messageOf(error)));
      this.#running.add(running);
      void running.finally(() => this.#running.delete(running));
    };
    const first = setTimeout(() => {
      run();
      this.#timers.push(setInterval(run, periodSeconds * 1000));
    }, offsetSeconds * 1000);
    this.#timers.push(first);
  }

  async #read(definition: WitnessDefinition, turn: number): Promise<void> {
    const read = definition.reads[turn % definition.reads.length];
    const session = this.#options.session("member");
    if (read === undefined || session === undefined) return;
    await this.#quietly(
      this.#measure(definition.api, read.name, async () => {
        const path = read.path.includes("{project}")
          ? read.path.replace("{project}", (await session.self()).projectId)
          : read.path;
        await session.request({ service: definition.api, method: "GET", path, timeoutMs: TIMEOUT_MS });
      }),
    );
  }

  async #cycle(definition: WitnessDefinition, cycle: WitnessCycle): Promise<void> {
    const session = this.#options.session(cycle.as ?? "member");
    if (session === undefined) return;
    const measure: Measure = (name, work) => this.#measure(definition.api, name, work);
    let api: WitnessApi;
    try {
      api = await witnessApi(session, definition.api, measure, cycle.name);
      if (this.#dirty.has(cycle)) await this.#sweep(session, definition.api, cycle);
    } catch (error) {
      this.#fail({ api: definition.api, name: `${cycle.name} start`, startedAt: Date.now(), tookMs: 0 }, error);
      return;
    }
    this.#dirty.add(cycle);
    const startedAt = Date.now();
    try {
      await cycle.run(api, `${PREFIX}${randomBytes(4).toString("hex")}`);
      this.#dirty.delete(cycle);
    } catch (error) {
      // A failed request was counted when it failed; what is left is a request that succeeded and should not have.
      if (!(error instanceof OpenStackError)) {
        this.#fail(
          { api: definition.api, name: `${cycle.name} end`, startedAt, tookMs: Date.now() - startedAt },
          error,
        );
      }
    }
  }

  /** Removes what an earlier run left. Not counted: it is housekeeping, not evidence. */
  async #sweep(session: Session, service: string, cycle: WitnessCycle): Promise<void> {
    const uncounted: Measure = (_name, work) => work();
    const api = await witnessApi(session, service, uncounted, cycle.name);
    for (const path of (await cycle.leftovers?.(api, PREFIX)) ?? []) {
      await api.delete(path).catch((error: unknown) => {
        if (!isNotFound(error)) throw error; // what is gone meanwhile is well
      });
    }
  }

  async #measure<T>(api: string, name: string, work: () => Promise<T>): Promise<T> {
    const startedAt = Date.now();
    const start = performance.now();
    const open: OpenOperation = { api, startedAt };
    this.#open.add(open);
    try {
      const result = await work();
      const tookMs = performance.now() - start;
      this.#options.onOperation({ api, name, startedAt, tookMs, outcome: tookMs > SLOW_MS ? "slow" : "ok" });
      return result;
    } catch (error) {
      this.#fail({ api, name, startedAt, tookMs: performance.now() - start }, error);
      throw error;
    } finally {
      this.#open.delete(open);
    }
  }

  /** A login that failed on the way counts against the API that refused it. */
  #fail(operation: Omit<Operation, "outcome">, error: unknown): void {
    const api = error instanceof OpenStackError && this.#knows(error.service) ? error.service : operation.api;
    this.#options.onOperation({ ...operation, api, outcome: "failed" }, messageOf(error));
  }

  #knows(service: string): boolean {
    return this.#options.definitions.some(({ api }) => api === service);
  }

  async #quietly(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (!(error instanceof OpenStackError)) throw error;
      // It was counted.
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
