import { createHash } from "node:crypto";
import { LABEL, MANAGED_BY, SYSTEM_NAMESPACE, nodesNamespace } from "../api/names.ts";
import type { Manifest } from "../workloads/contract.ts";
import { WEBHOOK_PORT, webhookService } from "./webhook-config.ts";
import { PEOPLE_ROLES, type PeopleRole } from "./people.ts";
import { OPERATOR_CLUSTER_RULES, OPERATOR_NAMESPACE_RULES, type PolicyRule } from "./rbac.ts";

const OPERATOR = "underpin-operator";
/** Bound in the namespaces of each Cloud, and nowhere else. */
const CLOUD_ROLE = "underpin-cloud";
/** Port of health and metrics in the operator's pod. */
export const OPERATOR_HEALTH_PORT = 8080;
const OPERATOR_UID = 42400;

const labels = { [LABEL.name]: OPERATOR, [LABEL.managedBy]: MANAGED_BY, [LABEL.partOf]: "underpin" };

export interface InstallInput {
  /** Reference of the operator's image. */
  readonly operatorImage: string;
  /** References of all images by name. */
  readonly images: Readonly<Record<string, string>>;
  readonly crds: readonly Manifest[];
  /** What a Cloud's namespaces allow, from `cloudRules`. */
  readonly cloudRules: readonly PolicyRule[];
}

/** Everything that one operator needs, in the order in which it is written. */
export function operatorManifests(input: InstallInput): readonly Manifest[] {
  const imageList = JSON.stringify(input.images);
  const imagesName = `underpin-images-${createHash("sha256").update(imageList).digest("hex").slice(0, 10)}`;
  const subject = { kind: "ServiceAccount", name: OPERATOR, namespace: SYSTEM_NAMESPACE };
  const inSystem = { namespace: SYSTEM_NAMESPACE, labels };
  const rbac = (kind: string, name: string, rest: Record<string, unknown>, namespace?: string): Manifest => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind,
    metadata: { name, labels, ...(namespace === undefined ? {} : { namespace }) },
    ...rest,
  });
  return [
    ...input.crds,
    namespaceManifest(SYSTEM_NAMESPACE, "restricted", {}),
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: OPERATOR, ...inSystem } },
    rbac("ClusterRole", OPERATOR, { rules: OPERATOR_CLUSTER_RULES }),
    rbac("ClusterRole", CLOUD_ROLE, { rules: input.cloudRules }),
    ...PEOPLE_ROLES.map(peopleRole),
    rbac("ClusterRoleBinding", OPERATOR, { roleRef: roleRef("ClusterRole", OPERATOR), subjects: [subject] }),
    rbac("Role", OPERATOR, { rules: OPERATOR_NAMESPACE_RULES }, SYSTEM_NAMESPACE),
    rbac("RoleBinding", OPERATOR, { roleRef: roleRef("Role", OPERATOR), subjects: [subject] }, SYSTEM_NAMESPACE),
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: imagesName, ...inSystem },
      immutable: true,
      data: { "images.json": imageList },
    },
    webhookService(),
    operatorDeployment(input.operatorImage, imagesName),
  ];
}

/** The two namespaces of a Cloud with their Pod Security level, and the operator's rights in them. */
export function cloudNamespaceManifests(cloud: { name: string; namespace: string }): readonly Manifest[] {
  const cloudLabels = { [LABEL.instance]: cloud.name };
  const nodes = nodesNamespace(cloud.namespace);
  const bind = (namespace: string): Manifest => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: CLOUD_ROLE, namespace, labels },
    roleRef: roleRef("ClusterRole", CLOUD_ROLE),
    subjects: [{ kind: "ServiceAccount", name: OPERATOR, namespace: SYSTEM_NAMESPACE }],
  });
  return [
    namespaceManifest(cloud.namespace, "restricted", cloudLabels),
    namespaceManifest(nodes, "privileged", cloudLabels),
    bind(cloud.namespace),
    bind(nodes),
  ];
}

/** A role for people, which Kubernetes adds to its own where it says so. */
function peopleRole({ name, rules, aggregateTo }: PeopleRole): Manifest {
  const into = aggregateTo.map((role) => [`rbac.authorization.k8s.io/aggregate-to-${role}`, "true"]);
  const metadata = { name, labels: { ...labels, ...Object.fromEntries(into) } };
  return { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata, rules };
}

function roleRef(kind: string, name: string): Record<string, string> {
  return { apiGroup: "rbac.authorization.k8s.io", kind, name };
}

function namespaceManifest(name: string, level: "restricted" | "privileged", extra: Record<string, string>): Manifest {
  const podSecurity = { "pod-security.kubernetes.io/enforce": level, "pod-security.kubernetes.io/warn": level };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { ...labels, ...podSecurity, ...extra } } };
}

function operatorDeployment(image: string, imagesName: string): Manifest {
  const selector = { [LABEL.name]: OPERATOR };
  const probe = (path: string, rest: Record<string, number>): Record<string, unknown> => ({
    httpGet: { path, port: OPERATOR_HEALTH_PORT, scheme: "HTTP" },
    ...rest,
  });
  const container = {
    name: "operator",
    image,
    imagePullPolicy: "IfNotPresent",
    // Its image is part of what a plan stands on.
    args: ["--images", "/etc/underpin/images/images.json", "--image", image],
    env: [{ name: "POD_NAME", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } }],
    ports: [
      { name: "health", containerPort: OPERATOR_HEALTH_PORT, protocol: "TCP" },
      { name: "webhook", containerPort: WEBHOOK_PORT, protocol: "TCP" },
    ],
    readinessProbe: probe("/readyz", { periodSeconds: 2 }),
    livenessProbe: probe("/healthz", { periodSeconds: 10, failureThreshold: 3 }),
    resources: { requests: { cpu: "50m", memory: "128Mi" } },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
    volumeMounts: [{ name: "images", mountPath: "/etc/underpin/images", readOnly: true }],
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: OPERATOR, namespace: SYSTEM_NAMESPACE, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: selector },
      // A new operator waits for the lease of the old one, which must therefore be gone first.
      strategy: { type: "Recreate" },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: OPERATOR,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: 10,
          securityContext: { runAsNonRoot: true, runAsUser: OPERATOR_UID, seccompProfile: { type: "RuntimeDefault" } },
          containers: [container],
          volumes: [{ name: "images", configMap: { name: imagesName } }],
        },
      },
    },
  };
}
