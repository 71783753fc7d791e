// api: the custom resources, and the plain shapes that everything else passes around.

/** A Kubernetes object as data, as it is sent to the API server. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ManifestMetadata;
  readonly [field: string]: unknown;
}

export interface ManifestMetadata {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

/** `Kind/namespace/name`, or `Kind//name` for objects of the cluster: how steps, plans and the inventory name an object. */
export type ObjectKey = string;

export function objectKey(manifest: Manifest): ObjectKey {
  return `${manifest.kind}/${manifest.metadata.namespace ?? ""}/${manifest.metadata.name}`;
}
