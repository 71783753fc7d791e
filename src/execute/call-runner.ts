import { setTimeout as delay } from "node:timers/promises";
import type { CallStep } from "../api/step.ts";
import type { CallState } from "./execution.ts";

/** Does one attempt of a call; throws while it cannot succeed yet. The message says what is missing. */
export type CallAction = (input: Readonly<Record<string, unknown>>, signal: AbortSignal) => Promise<void>;

export type CallActions = Readonly<Record<CallStep["action"], CallAction>>;

/** Milliseconds between attempts: an OpenStack API sends no events, so it has to be asked. Bounded by the step's time. */
const ATTEMPT_EVERY_MS = 250;

interface Running {
  state: CallState;
  readonly hash: string;
  readonly controller: AbortController;
  /** Settled when nothing of it goes on. */
  ended: Promise<void>;
}

/** Runs calls beside the reconcile loop: of each step one, with attempts until the step's time is over. */
export class CallRunner {
  readonly #actions: CallActions;
  readonly #onEnd: () => void;
  readonly #calls = new Map<string, Running>();

  /** @param onEnd told when a call ended, so that the graph is looked at again */
  constructor(actions: CallActions, onEnd: () => void) {
    this.#actions = actions;
    this.#onEnd = onEnd;
  }

  /**
   * Starts the call, or answers how it stands; one of another content ends. A call that ended is forgotten when told: what
   * failed is tried again by the next pass, and what was done is remembered by the one who asked, until it wants something else.
   */
  call(step: CallStep, hash: string): CallState {
    const known = this.#calls.get(step.id);
    if (known?.hash === hash) {
      if (known.state.state !== "running") this.#calls.delete(step.id);
      return known.state;
    }
    known?.controller.abort();
    const state: CallState = { state: "running", message: "started" };
    const running: Running = { state, hash, controller: new AbortController(), ended: Promise.resolve() };
    this.#calls.set(step.id, running);
    // The last content must be the last to act.
    running.ended = (known?.ended ?? Promise.resolve()).then(() => this.#run(step, running));
    return running.state;
  }

  /** Ends all calls, for a process that stops. */
  close(): void {
    for (const { controller } of this.#calls.values()) controller.abort();
    this.#calls.clear();
  }

  async #run(step: CallStep, running: Running): Promise<void> {
    const end = performance.now() + step.timeoutSeconds * 1000;
    const { signal } = running.controller;
    while (!signal.aborted) {
      try {
        await this.#actions[step.action](step.input, signal);
        running.state = { state: "done" };
        break;
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        running.state = { state: performance.now() > end ? "failed" : "running", message };
        if (running.state.state === "failed") break;
      }
      await delay(ATTEMPT_EVERY_MS);
    }
    if (!signal.aborted) this.#onEnd();
  }
}
