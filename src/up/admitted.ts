import { setTimeout as sleep } from "node:timers/promises";
import { SYSTEM_NAMESPACE } from "../api/names.ts";
import type { KubeClient } from "../kube/client.ts";
import { KubeError } from "../kube/errors.ts";
import { readiness } from "../kube/ready.ts";
import type { ObjectRef } from "../kube/types.ts";
import { watchUntil } from "./watch-until.ts";

const OPERATOR: ObjectRef = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  namespace: SYSTEM_NAMESPACE,
  name: "underpin-operator",
};
/** Longer than an operator takes to start on a busy machine. */
const PATIENCE_MS = 120_000;
const RETRY_MS = 1_000;

/** Waits until the operator that was just written judges Clouds, not the one before: that may know other options. */
export async function newOperatorReady(client: KubeClient): Promise<void> {
  await watchUntil(client, OPERATOR, {
    done: (object) => object !== undefined && readiness(object).state === "ready",
    timeoutMs: PATIENCE_MS,
    what: "the operator, which judges changes of a Cloud",
  });
}

/** Does `write`, again while nobody answers who is to judge it. Throws KubeError. */
export async function admitted(write: () => Promise<void>, patienceMs = PATIENCE_MS): Promise<void> {
  for (const until = Date.now() + patienceMs; ; await sleep(RETRY_MS)) {
    try {
      return await write();
    } catch (error) {
      if (!unanswered(error) || Date.now() > until) throw error;
    }
  }
}

/** The API server asked the webhook and got no answer. */
export function unanswered(error: unknown): error is KubeError {
  return error instanceof KubeError && error.status === 500 && error.message.includes("failed calling webhook");
}
