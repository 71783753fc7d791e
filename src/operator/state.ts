import { FIELD_MANAGER, LABEL, MANAGED_BY } from "../api/names.ts";
import { canonicalJson } from "../content/canonical.ts";
import { type CloudState, STATE_NAME } from "../desired/state.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/types.ts";

export function sameState(a: CloudState, b: CloudState): boolean {
  return canonicalJson(a) === canonicalJson(b);
}

/** Answers the ConfigMap as it is now. Throws KubeError. */
export async function writeState(
  client: KubeClient,
  cloud: { name: string; namespace: string },
  state: CloudState,
): Promise<KubeObject> {
  const labels = { [LABEL.instance]: cloud.name, [LABEL.managedBy]: MANAGED_BY, [LABEL.component]: "state" };
  const data = Object.fromEntries(Object.entries(state).map(([name, value]) => [name, JSON.stringify(value)]));
  return client.apply(
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: STATE_NAME, namespace: cloud.namespace, labels }, data },
    { fieldManager: FIELD_MANAGER, force: true },
  );
}
