import type { Manifest } from "../workloads/contract.ts";
import { SYSTEM_NAMESPACE, WEBHOOK_CONFIGURATION } from "../api/names.ts";
import { WEBHOOK_SECRET } from "./webhook-config.ts";
import { CLOUD_KINDS } from "../desired/kinds.ts";

export interface PolicyRule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** Plural of each kind that a builder may emit. A kind that is not here is refused: its rule would be a guess. */
const RESOURCES: Readonly<Record<string, { group: string; resource: string }>> = {
  ConfigMap: { group: "", resource: "configmaps" },
  Secret: { group: "", resource: "secrets" },
  Service: { group: "", resource: "services" },
  ServiceAccount: { group: "", resource: "serviceaccounts" },
  PersistentVolumeClaim: { group: "", resource: "persistentvolumeclaims" },
  Deployment: { group: "apps", resource: "deployments" },
  StatefulSet: { group: "apps", resource: "statefulsets" },
  DaemonSet: { group: "apps", resource: "daemonsets" },
  Job: { group: "batch", resource: "jobs" },
  PodDisruptionBudget: { group: "policy", resource: "poddisruptionbudgets" },
  Hypervisor: { group: "underpin.dev", resource: "hypervisors" },
  NetworkPolicy: { group: "networking.k8s.io", resource: "networkpolicies" },
};

const WRITE = ["get", "list", "watch", "create", "patch", "delete"] as const;

/** Kinds that the operator itself writes beside the builders' objects: state, credentials and certificates. */
const OWN_KINDS = ["ConfigMap", "Secret", "PersistentVolumeClaim", "Hypervisor"];

/**
 * Rules for the namespaces of a Cloud: exactly the kinds that its builders emit, and reading pods to tell what is wrong.
 * Throws RangeError for a kind without a known plural.
 */
export function cloudRules(objects: readonly Manifest[]): PolicyRule[] {
  const written = new Set([...objects.map(({ kind }) => kind), ...OWN_KINDS]);
  const seen = CLOUD_KINDS.map(({ kind }) => kind).filter((kind) => !written.has(kind));
  return [
    ...rules([...written], WRITE),
    ...rules(seen, ["get", "list", "watch"]),
    // An annotation has the kubelet write changed configuration at once.
    { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch", "patch"] },
    { apiGroups: [""], resources: ["pods/log"], verbs: ["get"] },
    // A plan asks whether the namespace is there; in a namespace's own role this is that one.
    { apiGroups: [""], resources: ["namespaces"], verbs: ["get"] },
    { apiGroups: ["events.k8s.io", ""], resources: ["events"], verbs: ["create", "patch"] },
    { apiGroups: ["underpin.dev"], resources: ["hypervisors/status"], verbs: ["get", "patch"] },
  ];
}

/** One rule for each API group of the kinds. */
function rules(kinds: readonly string[], verbs: readonly string[]): PolicyRule[] {
  const byGroup = new Map<string, string[]>();
  for (const kind of kinds.toSorted()) {
    const known = RESOURCES[kind];
    if (known === undefined)
      throw new RangeError(`no RBAC resource is known for kind ${kind}: add it to src/operator/rbac.ts`);
    byGroup.set(known.group, [...(byGroup.get(known.group) ?? []), known.resource]);
  }
  return [...byGroup].map(([group, resources]) => ({ apiGroups: [group], resources, verbs }));
}

/** Rules that the operator has in the whole cluster: its own resources, its webhooks, what a user may, and reading nodes. No Secrets. */
export const OPERATOR_CLUSTER_RULES: readonly PolicyRule[] = [
  { apiGroups: ["underpin.dev"], resources: ["clouds"], verbs: ["get", "list", "watch", "patch"] },
  { apiGroups: ["underpin.dev"], resources: ["clouds/status"], verbs: ["get", "patch"] },
  {
    apiGroups: ["underpin.dev"],
    resources: ["plans"],
    verbs: ["get", "list", "watch", "create", "patch", "delete"],
  },
  { apiGroups: ["underpin.dev"], resources: ["plans/status"], verbs: ["get", "patch"] },
  { apiGroups: ["underpin.dev"], resources: ["planapprovals"], verbs: ["get", "list", "watch", "delete"] },
  { apiGroups: ["authorization.k8s.io"], resources: ["subjectaccessreviews"], verbs: ["create"] },
  { apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch"] },
  {
    apiGroups: ["admissionregistration.k8s.io"],
    resources: ["validatingwebhookconfigurations", "mutatingwebhookconfigurations"],
    resourceNames: [WEBHOOK_CONFIGURATION],
    verbs: ["get", "list", "watch", "create", "patch"],
  },
  { apiGroups: [""], resources: ["namespaces"], resourceNames: [SYSTEM_NAMESPACE], verbs: ["get"] },
];

/** Rules in the operator's own namespace: its lease, and the webhook's certificate. */
export const OPERATOR_NAMESPACE_RULES: readonly PolicyRule[] = [
  { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "patch", "update"] },
  {
    apiGroups: [""],
    resources: ["secrets"],
    resourceNames: [WEBHOOK_SECRET],
    verbs: ["get", "list", "watch", "create", "patch"],
  },
  { apiGroups: ["events.k8s.io", ""], resources: ["events"], verbs: ["create", "patch"] },
];
