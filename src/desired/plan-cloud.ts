import type { Cloud } from "../api/cloud.ts";
import type { KubeClient } from "../kube/client.ts";
import { type KubeObject, keyOf } from "../kube/types.ts";
import type { Plan } from "../plan/plan.ts";
import { foresee } from "./foresee.ts";
import { type PlanPorts, type PlanTools, planWith } from "./planning.ts";
import { readSnapshot, secretText, type Snapshot } from "./snapshot.ts";

export { CannotPlanError } from "./look.ts";

export interface PlanOptions extends PlanTools {
  readonly client: KubeClient;
  /**
   * What the cluster has of the Cloud, from who read it already. The objects must have their `managedFields`, which a
   * watch's copies do not have: the hash is made of them. Without it the API server is asked.
   */
  readonly snapshot?: Snapshot;
}

/**
 * What would happen if `candidate` were the Cloud. Reads the cluster and asks by dry runs; writes nothing.
 * Throws CannotPlanError, KubeError.
 */
export async function planCloud(candidate: Cloud, options: PlanOptions): Promise<Plan> {
  const { client } = options;
  const snapshot = options.snapshot ?? (await readSnapshot(client, candidate.metadata));
  return planWith(candidate, options, {
    snapshot,
    secret: secretReader(client, candidate, snapshot),
    foresee: (manifests) => foresee(client, manifests, snapshot),
    find: (ref) => client.get(ref),
  });
}

/** Reads each Secret once. */
export function secretReader(
  client: KubeClient,
  { metadata: { namespace } }: Cloud,
  { objects }: Snapshot,
): PlanPorts["secret"] {
  const asked = new Map<string, Promise<KubeObject | undefined>>();
  return async (name) => {
    const ref = { apiVersion: "v1", kind: "Secret", namespace, name };
    const known = objects.get(keyOf(ref));
    if (known !== undefined) return secretText(known);
    const answer = asked.get(name) ?? client.get(ref);
    asked.set(name, answer);
    return secretText(await answer);
  };
}
