// kube: a Kubernetes client on undici: transport, watch, cache, server-side apply, inventory, leader lease.

/** A kind by its full API version: `{apiVersion: "apps/v1", kind: "Deployment"}`. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
}

/** One object by name. `namespace` is absent for objects of the cluster. */
export interface ObjectRef extends Kind {
  readonly namespace?: string;
  readonly name: string;
}

/** An object as we want it. Every manifest of the product fits. */
export interface Desired extends Kind {
  readonly metadata: DesiredMeta;
  readonly [field: string]: unknown;
}

export interface DesiredMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** An object as the API server gave it. `spec` and `status` are read through narrower types or `fieldAt`. */
export interface KubeObject extends Kind {
  readonly metadata: ObjectMeta;
  readonly [field: string]: unknown;
}

export interface ObjectMeta extends DesiredMeta {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
}

export function refOf(object: Desired | KubeObject): ObjectRef {
  const { name, namespace } = object.metadata;
  const ref = { apiVersion: object.apiVersion, kind: object.kind, name };
  return namespace === undefined ? ref : { ...ref, namespace };
}

/** `Kind/namespace/name`, or `Kind//name` for objects of the cluster. */
export function keyOf(ref: ObjectRef): string {
  return `${ref.kind}/${ref.namespace ?? ""}/${ref.name}`;
}

/** Reads a nested field of unstructured data; undefined when any part of the path is missing. */
export function fieldAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  let inner: unknown = value;
  for (const part of path) {
    if (inner === null || typeof inner !== "object") return undefined;
    inner = (inner as Record<string | number, unknown>)[part];
  }
  return inner;
}
