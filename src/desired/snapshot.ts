import { CLOUD_KIND } from "../api/cloud.ts";
import { API_VERSION, FIELD_MANAGER, LABEL, MANAGED_BY, nodesNamespace } from "../api/names.ts";
import type { KubeClient, ListQuery } from "../kube/client.ts";
import { isReason } from "../kube/errors.ts";
import { Inventory } from "../kube/inventory.ts";
import { fieldAt, type KubeObject, keyOf, type ObjectRef } from "../kube/types.ts";
import { CLOUD_KINDS } from "./kinds.ts";
import { INVENTORY_NAME } from "./state.ts";
import type { SecretData } from "./vault.ts";

/** What a cluster has of a Cloud at one time. */
export interface Snapshot {
  /** The Cloud; undefined when there is none. */
  readonly cloud: KubeObject | undefined;
  readonly nodes: readonly KubeObject[];
  /** Uid of each namespace of the Cloud that exists. No two clusters have the same. */
  readonly namespaces: ReadonlyMap<string, string>;
  /** What carries our label, by key. */
  readonly objects: ReadonlyMap<string, KubeObject>;
  /** Every object that belongs to the Cloud. */
  readonly inventory: readonly ObjectRef[];
}

/** Reads it, all at once. Throws KubeError. */
export async function readSnapshot(
  client: KubeClient,
  { name, namespace }: { readonly name: string; readonly namespace: string },
): Promise<Snapshot> {
  const places = [namespace, nodesNamespace(namespace)];
  const labelSelector = `${LABEL.managedBy}=${MANAGED_BY}`;
  const lists = places.flatMap((place) => CLOUD_KINDS.map((kind) => ({ ...kind, namespace: place, labelSelector })));
  const books = new Inventory(client, { namespace, name: INVENTORY_NAME, fieldManager: FIELD_MANAGER });
  const [cloud, nodes, found, inventory, ...objects] = await Promise.all([
    known(client.get({ apiVersion: API_VERSION, kind: CLOUD_KIND, namespace, name })),
    listed(client, { apiVersion: "v1", kind: "Node" }),
    Promise.all(places.map((place) => client.get({ apiVersion: "v1", kind: "Namespace", name: place }))),
    books.list(),
    ...lists.map((query) => listed(client, query)),
  ]);
  return {
    cloud,
    nodes,
    namespaces: new Map(
      found.flatMap((one) => (one === undefined ? [] : [[one.metadata.name, one.metadata.uid ?? ""]])),
    ),
    objects: new Map(objects.flat().map((object) => [keyOf({ ...object, ...object.metadata }), object])),
    inventory,
  };
}

/** The items with their kind, which the items of a list do not repeat; none of a kind that is not served. */
async function listed(client: KubeClient, query: ListQuery): Promise<readonly KubeObject[]> {
  const { apiVersion, kind } = query;
  const list = await known(client.list(query));
  return (list?.items ?? []).map((item) => ({ ...item, apiVersion, kind }));
}

async function known<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isReason(error, "UnknownKind")) return undefined;
    throw error;
  }
}

/** A Secret's values as text. */
export function secretText(object: KubeObject | undefined): SecretData | undefined {
  const data = fieldAt(object, "data") as Record<string, string> | undefined;
  if (data === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
  );
}
