import type { Cloud } from "../api/cloud.ts";
import { LABEL, MANAGED_BY, nodesNamespace } from "../api/names.ts";
import type { KubeClient } from "../kube/client.ts";
import { type KubeObject, refOf } from "../kube/types.ts";
import type { CloudScope } from "./cloud-scope.ts";
import { STATE_NAME, readState, writeState } from "./state.ts";

/** Kinds that hold data: kept when the Cloud's `deletionPolicy` is Retain. The credentials that open the data stay with it. */
const DATA_KINDS = ["PersistentVolumeClaim", "Secret"];

/**
 * Removes all that was made for a Cloud: workloads first, then what they used. Answers how many objects are still
 * there; call again until it is none.
 */
export async function removeCloud(
  cloud: Cloud,
  scope: CloudScope,
  ports: { readonly client: KubeClient },
): Promise<number> {
  const retain = cloud.spec.deletionPolicy === "Retain";
  const { remaining } = await scope.inventory.prune([], { keep: (object) => retain && isData(object) });
  if (remaining.length > 0) return remaining.length;
  const { name, namespace } = cloud.metadata;
  if (retain) {
    // Nothing is done any more, but what had a value still has it: a Cloud made again finds its data and opens it.
    const state = readState(
      await ports.client.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name: STATE_NAME }),
    );
    await writeState(ports.client, { name, namespace }, { ...state, done: {} });
  } else {
    const left = await removeData(cloud, ports.client);
    if (left > 0) return left;
    await ports.client.delete({ apiVersion: "v1", kind: "ConfigMap", namespace, name: STATE_NAME });
  }
  await scope.inventory.destroy();
  return 0;
}

/** Claims that StatefulSets made and Secrets that the operator made are in no inventory: they carry our label. */
async function removeData(cloud: Cloud, client: KubeClient): Promise<number> {
  const labelSelector = `${LABEL.managedBy}=${MANAGED_BY},${LABEL.instance}=${cloud.metadata.name}`;
  const { namespace } = cloud.metadata;
  const found: KubeObject[] = [];
  for (const where of [namespace, nodesNamespace(namespace)]) {
    for (const kind of DATA_KINDS) {
      found.push(...(await client.list({ apiVersion: "v1", kind, namespace: where, labelSelector })).items);
    }
  }
  await Promise.all(found.map((object) => client.delete(refOf(object))));
  return found.length;
}

function isData(object: KubeObject): boolean {
  return DATA_KINDS.includes(object.kind);
}
