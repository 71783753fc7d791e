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
  readonly controller: AbortController;
}

/** Runs calls beside the reconcile loop: each content once, with attempts until the step's time is over. */
export class CallRunner {
  readonly #actions: CallActions;
  readonly #onEnd: () => void;
  readonly #calls = new Map<string, Running>();

  /** @param onEnd told when a call ended, so that the graph is looked at again */
  constructor(actions: CallActions, onEnd: () => void) {
    this.#actions = actions;
    this.#onEnd = onEnd;
  }

  /** Starts the call, or answers how it stands. A failed call is forgotten when told, so that the next pass tries again. */
  call(step: CallStep, hash: string): CallState {
    const key = `${step.id}@${hash}`;
    const known = this.#calls.get(key);
    if (known !== undefined) {
      if (known.state.state === "failed") this.#calls.delete(key);
      return known.state;
    }
    const running: Running = { state: { state: "running", message: "started" }, controller: new AbortController() };
    this.#calls.set(key, running);
    void this.#run(step, running);
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
