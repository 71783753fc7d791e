import { KubeError } from "./errors.ts";
import type { Kind } from "./types.ts";

/** Where a kind lives in the API. */
export interface Resource {
  readonly plural: string;
  readonly namespaced: boolean;
}

/** What we use of Kubernetes itself, so that no call waits for discovery. `*` marks kinds without a namespace. */
const BUILT_IN: Readonly<Record<string, string>> = {
  v1: "ConfigMap Endpoints Event *Namespace *Node PersistentVolumeClaim *PersistentVolume Pod PodTemplate ResourceQuota Secret Service ServiceAccount LimitRange",
  "apps/v1": "ControllerRevision DaemonSet Deployment ReplicaSet StatefulSet",
  "batch/v1": "CronJob Job",
  "autoscaling/v2": "HorizontalPodAutoscaler",
  "policy/v1": "PodDisruptionBudget",
  "networking.k8s.io/v1": "Ingress *IngressClass NetworkPolicy",
  "rbac.authorization.k8s.io/v1": "*ClusterRole *ClusterRoleBinding Role RoleBinding",
  "storage.k8s.io/v1": "*CSIDriver *StorageClass",
  "scheduling.k8s.io/v1": "*PriorityClass",
  "coordination.k8s.io/v1": "Lease",
  "events.k8s.io/v1": "Event",
  "discovery.k8s.io/v1": "EndpointSlice",
  "apiextensions.k8s.io/v1": "*CustomResourceDefinition",
  "admissionregistration.k8s.io/v1":
    "*ValidatingAdmissionPolicy *ValidatingAdmissionPolicyBinding *ValidatingWebhookConfiguration",
};

/** Maps kinds to paths: a table for Kubernetes' own kinds, discovery for all others. */
export class Resources {
  readonly #known = new Map<string, Resource>();
  readonly #discover: (path: string) => Promise<unknown>;

  constructor(discover: (path: string) => Promise<unknown>) {
    this.#discover = discover;
    for (const [apiVersion, kinds] of Object.entries(BUILT_IN)) {
      for (const entry of kinds.split(" ")) {
        const kind = entry.replace("*", "");
        this.#known.set(`${apiVersion} ${kind}`, { plural: pluralOf(kind), namespaced: !entry.startsWith("*") });
      }
    }
  }

  /** Throws KubeError with reason `UnknownKind` when the server does not serve the kind (yet). */
  async resolve({ apiVersion, kind }: Kind): Promise<Resource> {
    const key = `${apiVersion} ${kind}`;
    if (!this.#known.has(key)) await this.#load(apiVersion);
    const found = this.#known.get(key);
    if (found !== undefined) return found;
    throw new KubeError(`GET ${basePath(apiVersion)}`, 404, {
      reason: "UnknownKind",
      message: `the API server has no kind ${kind} in ${apiVersion}; is its CustomResourceDefinition installed?`,
    });
  }

  /** Path of one object, or of the collection when `name` is absent; all namespaces when `namespace` is absent. */
  async path(kind: Kind, namespace?: string, name?: string): Promise<string> {
    const resource = await this.resolve(kind);
    if (resource.namespaced && name !== undefined && namespace === undefined)
      throw new TypeError(`${kind.kind} ${name}: this kind needs a namespace`);
    const scope = resource.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : "";
    const object = name === undefined ? "" : `/${encodeURIComponent(name)}`;
    return `${basePath(kind.apiVersion)}${scope}/${resource.plural}${object}`;
  }

  async #load(apiVersion: string): Promise<void> {
    let answer: unknown;
    try {
      answer = await this.#discover(basePath(apiVersion));
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return; // resolve() says which kind is missing
      throw error;
    }
    const { resources = [] } = answer as { resources?: readonly { name: string; kind: string; namespaced: boolean }[] };
    for (const { name, kind, namespaced } of resources) {
      if (!name.includes("/")) this.#known.set(`${apiVersion} ${kind}`, { plural: name, namespaced });
    }
  }
}

function basePath(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

function pluralOf(kind: string): string {
  const lower = kind.toLowerCase();
  if (lower === "endpoints") return lower;
  if (lower.endsWith("s")) return `${lower}es`;
  return /[^aeiou]y$/.test(lower) ? `${lower.slice(0, -1)}ies` : `${lower}s`;
}
