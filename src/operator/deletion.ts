import { LABEL, MANAGED_BY, nodesNamespace } from "../api/names.ts";
import { type CloudState, STATE_NAME } from "../desired/state.ts";
import type { KubeClient } from "../kube/client.ts";
import { type KubeObject, refOf } from "../kube/types.ts";
import type { BuildInput, Workload } from "../workloads/contract.ts";
import { cleanNodes, type Removal, waiting } from "./clean-nodes.ts";
import type { CloudScope } from "./cloud-scope.ts";
import { writeState } from "./state.ts";

/** Kinds that hold data: kept when the Cloud's `deletionPolicy` is Retain. The credentials that open the data stay with it. */
const DATA_KINDS = ["PersistentVolumeClaim", "Secret"];
/** Name under which the state remembers that the nodes are clean. */
const CLEANUP = "cloud/cleanup";

export interface DeletionPorts {
  readonly client: KubeClient;
  readonly workloads: readonly Workload[];
  /** Told of what failed and is tried again, or not. */
  readonly onFailure: (message: string) => void;
}

/**
 * Removes all that was made for a Cloud: its pods, then what they left on the nodes, then what they used. Call again
 * until it is gone.
 */
export async function removeCloud(
  input: BuildInput,
  state: CloudState,
  scope: CloudScope,
  ports: DeletionPorts,
): Promise<Removal> {
  const { cloud } = input;
  const retain = cloud.spec.deletionPolicy === "Retain";
  const keep = (object: KubeObject): boolean => retain && isData(object);
  const cleaned = state.done[CLEANUP] !== undefined;
  if (!cleaned) {
    const open = await cleanNodes(input, state, { scope, keep, ...ports });
    if (open !== undefined) return open;
    scope.view.wrote(await writeState(ports.client, cloud.metadata, { ...state, done: { [CLEANUP]: "done" } }));
  }
  const { remaining } = await scope.inventory.prune([], { keep });
  if (remaining.length > 0) return waiting("what its pods used is removed");
  const { namespace } = cloud.metadata;
  if (retain) {
    // Nothing is done any more, but what had a value still has it: a Cloud made again finds its data and opens it.
    await writeState(ports.client, cloud.metadata, { ...state, done: {} });
  } else {
    const left = await removeData(input, ports.client);
    if (left > 0) return waiting("its data is removed");
    await ports.client.delete({ apiVersion: "v1", kind: "ConfigMap", namespace, name: STATE_NAME });
  }
  await scope.inventory.destroy();
  return { state: "gone" };
}

/** Claims that StatefulSets made and Secrets that the operator made are in no inventory: they carry our label. */
async function removeData({ cloud }: BuildInput, client: KubeClient): Promise<number> {
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
