import { LABEL, MANAGED_BY } from "../api/names.ts";
import { CLOUD_KINDS } from "../desired/kinds.ts";
import { Cache } from "../kube/cache.ts";
import type { KubeClient } from "../kube/client.ts";
import { type KubeObject, type ObjectRef, keyOf, refOf } from "../kube/types.ts";

export interface ViewHandlers {
  readonly onChange: (object: KubeObject) => void;
  /** Told of a watch that failed and is tried again. */
  readonly onError: (where: string, error: unknown) => void;
}

/**
 * What is in a Cloud's namespaces, as new as we can know it: the watches' copies, and the answers to our own writes
 * until the watch has caught up with them.
 */
export class NamespaceView {
  readonly #caches = new Map<string, Cache>();
  readonly #written = new Map<string, KubeObject>();

  constructor(client: KubeClient, namespaces: readonly string[], told: ViewHandlers) {
    for (const namespace of namespaces) {
      for (const kind of CLOUD_KINDS) {
        const cache = new Cache(
          client,
          { ...kind, namespace, labelSelector: `${LABEL.managedBy}=${MANAGED_BY}` },
          {
            onError: (error) => told.onError(`watch of ${kind.kind} in ${namespace}`, error),
          },
        );
        cache.subscribe((event) => {
          if (event.type === "synced") return;
          this.#forget(event.object, event.type === "deleted");
          told.onChange(event.object);
        });
        this.#caches.set(`${kind.kind}/${namespace}`, cache);
      }
    }
  }

  async start(): Promise<void> {
    for (const cache of this.#caches.values()) cache.start();
    await Promise.all([...this.#caches.values()].map((cache) => cache.waitForSync()));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#caches.values()].map((cache) => cache.close()));
  }

  /** Throws RangeError for a kind or namespace that is not watched. */
  get(ref: ObjectRef): KubeObject | undefined {
    const cache = this.#caches.get(`${ref.kind}/${ref.namespace ?? ""}`);
    if (cache === undefined)
      throw new RangeError(
        `${keyOf(ref)} is outside of what the operator watches: kinds are listed in desired/kinds.ts`,
      );
    const seen = cache.get(ref.name, ref.namespace);
    const written = this.#written.get(keyOf(ref));
    if (written === undefined || (seen !== undefined && version(seen) >= version(written))) return seen;
    return written;
  }

  /** The object of a key `Kind/namespace/name`. Throws RangeError for a kind or namespace that is not watched. */
  named(key: string): KubeObject | undefined {
    const [name = "", namespace = "", kind = ""] = key.split("/").toReversed();
    const { apiVersion = "" } = CLOUD_KINDS.find((known) => known.kind === kind) ?? {};
    return this.get({ apiVersion, kind, namespace, name });
  }

  list(kind: string, namespace: string): readonly KubeObject[] {
    return this.#caches.get(`${kind}/${namespace}`)?.list() ?? [];
  }

  /** Remembers the answer to a write. */
  wrote(object: KubeObject): void {
    this.#written.set(keyOf(refOf(object)), object);
  }

  /** A deletion is final at once: the object that we wrote is gone, whatever its version. */
  #forget(object: KubeObject, deleted: boolean): void {
    const key = keyOf(refOf(object));
    const written = this.#written.get(key);
    if (written === undefined) return;
    const gone = deleted && (written.metadata.uid === undefined || written.metadata.uid === object.metadata.uid);
    if (gone || version(object) >= version(written)) this.#written.delete(key);
  }
}

/** Resource versions of one API server may be compared as numbers since Kubernetes 1.35 (KEP-5504). */
function version(object: KubeObject): bigint {
  return BigInt(object.metadata.resourceVersion ?? "0");
}
