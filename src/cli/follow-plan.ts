// Follows a Plan in the cluster until it has ended; nothing is polled.
import { API_VERSION } from "../api/names.ts";
import { type Plan, PLAN_KIND, readPlan } from "../api/plan.ts";
import { Cache } from "../kube/cache.ts";
import type { KubeClient } from "../kube/client.ts";
import { CliError } from "./errors.ts";
import { awaitsEvidence, isOver } from "./render/plan-words.ts";

export interface Following {
  /** Told of each version of the Plan. */
  readonly onChange: (plan: Plan) => void;
  /** Told when the API server does not answer; it is asked again. */
  readonly onTrouble: (error: unknown) => void;
  /** Ends it with an AbortError; the Plan goes on. */
  readonly signal: AbortSignal;
  /** Milliseconds that the evidence of an ended Plan is waited for. */
  readonly evidenceMs: number;
}

/**
 * The Plan as it ended, with its evidence when that comes in time. Throws AbortError when interrupted, and CliError when
 * somebody deleted the Plan.
 */
export async function followPlan(kube: KubeClient, plan: Plan, following: Following): Promise<Plan> {
  const { name, namespace } = plan.metadata;
  const query = { apiVersion: API_VERSION, kind: PLAN_KIND, namespace, fieldSelector: `metadata.name=${name}` };
  const cache = new Cache(kube, query, { onError: following.onTrouble });
  const result = Promise.withResolvers<Plan>();
  let timer: NodeJS.Timeout | undefined;
  const look = (): void => {
    if (!cache.synced) return;
    const object = cache.get(name, namespace);
    if (object === undefined) return result.reject(deleted(name));
    const current = readPlan({ ...object, apiVersion: API_VERSION, kind: PLAN_KIND });
    following.onChange(current);
    if (!isOver(current.status?.phase)) return clearTimeout(timer);
    if (!awaitsEvidence(current)) return result.resolve(current);
    clearTimeout(timer);
    timer = setTimeout(() => result.resolve(current), following.evidenceMs);
  };
  const abort = (): void => result.reject(new DOMException("interrupted", "AbortError"));
  following.signal.addEventListener("abort", abort, { once: true });
  try {
    if (following.signal.aborted) abort();
    cache.subscribe(look);
    cache.start();
    return await result.promise;
  } finally {
    clearTimeout(timer);
    following.signal.removeEventListener("abort", abort);
    await cache.close();
  }
}

function deleted(name: string): CliError {
  return new CliError(
    `Plan ${name} is not there any more: somebody deleted it`,
    "See the Plans that there are: underpin history",
  );
}
