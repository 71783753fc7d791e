import { type Cloud, cloudRef, readCloud } from "../api/cloud.ts";
import type { Report } from "../host/progress.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/types.ts";
import { conditionStatus } from "./install.ts";
import { watchUntil } from "./watch-until.ts";

/** The Cloud is held by its owner, so that the operator makes nothing of it. */
export class PausedError extends Error {
  readonly next: string;
  constructor(cloud: string) {
    super(`Cloud ${cloud} is paused: spec.change.paused is true, and nothing is changed`);
    this.name = "PausedError";
    this.next = "Set spec.change.paused to false in the file of the Cloud, then run the command again.";
  }
}

export interface WaitOptions {
  readonly cloud: Cloud;
  readonly report: Report;
  readonly signal: AbortSignal;
  readonly timeoutSeconds: number;
}

/** Waits until the Cloud is Ready for the generation that was written; tells each workload as it becomes ready. Throws PausedError, WaitError. */
export async function untilCloudReady(client: KubeClient, options: WaitOptions): Promise<void> {
  const { name, namespace } = options.cloud.metadata;
  const start = performance.now();
  const told = new Set<string>();
  const tell = (object: KubeObject | undefined): void => {
    if (object === undefined) return;
    for (const service of readCloud(object).status?.services ?? []) {
      if (!service.ready || told.has(service.name)) continue;
      told.add(service.name);
      const seconds = Math.round((performance.now() - start) / 100) / 10;
      options.report({ part: `cloud/${service.name}`, state: "done", message: `${service.name} is ready`, seconds });
    }
  };
  const found = await watchUntil(client, cloudRef(options.cloud.metadata), {
    done: (object) => {
      const observed = (object?.["status"] as { observedGeneration?: number } | undefined)?.observedGeneration;
      if (observed === undefined || observed !== object?.metadata.generation) return false;
      return ["Ready", "Paused"].some((type) => conditionStatus(object, type) === "True");
    },
    onChange: tell,
    timeoutMs: options.timeoutSeconds * 1000,
    what: `Cloud ${name} to be Ready`,
    signal: options.signal,
  });
  if (conditionStatus(found, "Paused") === "True") throw new PausedError(`${namespace}/${name}`);
}
