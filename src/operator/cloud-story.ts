import type { Cloud } from "../api/cloud.ts";
import type { Desired } from "../desired/objects.ts";
import type { CloudState } from "../desired/state.ts";
import type { Progress } from "../execute/execution.ts";
import type { Cache } from "../kube/cache.ts";
import type { EventNote, EventRecorder } from "../runtime/events.ts";
import type { Ended } from "./plans/execution.ts";

export interface StoryOptions {
  readonly clouds: Cache;
  readonly events: EventRecorder;
  readonly log: (fields: Readonly<Record<string, unknown>>) => void;
}

/** Why nothing is done of a paused Cloud. */
export const PAUSED = "nothing is changed while spec.change.paused is true";

/** What happens to a Cloud, as Events and lines of the log. */
export class CloudStory {
  readonly #options: StoryOptions;

  constructor(options: StoryOptions) {
    this.#options = options;
  }

  record(cloud: Cloud, note: EventNote): void {
    const regarding = this.#options.clouds.get(cloud.metadata.name, cloud.metadata.namespace);
    if (regarding !== undefined) this.#options.events.record(regarding, note);
  }

  /** That it is held, or no longer. */
  pause(cloud: Cloud): void {
    const { paused } = cloud.spec.change;
    if (paused === (cloud.status?.phase === "Paused")) return;
    if (paused) this.record(cloud, { type: "Normal", reason: "Paused", action: "Pause", note: PAUSED });
    else this.record(cloud, { type: "Normal", reason: "Resumed", action: "Resume", note: "changes are made again" });
  }

  /** That a plan has come to its end. */
  end(cloud: Cloud, { plan, phase, message }: Ended): void {
    this.#options.log({ plan, phase, message });
    const note = `Plan ${plan}: ${message}`;
    this.record(cloud, { type: "Normal", reason: `Plan${phase}`, action: "Execute", note });
  }

  /** Each step that came to its end or failed. */
  steps(cloud: Cloud, desired: Desired, context: { readonly before: CloudState; readonly progress: Progress }): void {
    const { log } = this.#options;
    for (const { step, hash } of desired.steps) {
      const state = context.progress.states.get(step.id);
      if (state?.state === "done" && context.before.done[step.id] !== hash) {
        log({ step: step.id, state: "done" });
        this.record(cloud, { type: "Normal", reason: "StepDone", action: "Execute", note: `${step.id} is done` });
      }
      if (state?.state !== "failed") continue;
      log({ step: step.id, state: "failed", message: state.message });
      const note = `${step.id}: ${state.message}. ${step.onFailure}`;
      this.record(cloud, { type: "Warning", reason: "StepFailed", action: "Execute", note });
    }
  }
}
