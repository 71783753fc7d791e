import { COREDNS_IMAGE, LOCAL_PATH_IMAGE, VOLUME_HELPER_IMAGE } from "./images.ts";
import type { UnderlayConfig } from "./config.ts";

/** A Kubernetes object as it is sent; the add-ons are few and fixed, so that types would say nothing more. */
type KubeObject = Readonly<Record<string, unknown>>;

/** Folder in the node that holds the volumes of the default storage class. */
export const VOLUMES_FOLDER = "/var/lib/underpin/volumes";

/** DNS and storage of the cluster. */
export function addons(config: UnderlayConfig): KubeObject[] {
  return [...coredns(config), ...localPath()];
}

function coredns(config: UnderlayConfig): KubeObject[] {
  const labels = { "k8s-app": "kube-dns" };
  const metadata = { name: "coredns", namespace: "kube-system", labels };
  return [
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "coredns", namespace: "kube-system" } },
    ...clusterRole("system:coredns", { name: "coredns", namespace: "kube-system" }, [
      { apiGroups: [""], resources: ["endpoints", "services", "pods", "namespaces"], verbs: ["list", "watch"] },
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["list", "watch"] },
    ]),
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "coredns", namespace: "kube-system" },
      data: { Corefile: corefile(config) },
    },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: {
        replicas: config.nodes.length > 1 ? 2 : 1,
        strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: corednsPod() },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        name: "kube-dns",
        namespace: "kube-system",
        labels: { ...labels, "kubernetes.io/cluster-service": "true", "kubernetes.io/name": "CoreDNS" },
      },
      spec: {
        clusterIP: config.dnsAddress,
        selector: labels,
        ports: [
          { name: "dns", port: 53, protocol: "UDP", targetPort: 53 },
          { name: "dns-tcp", port: 53, protocol: "TCP", targetPort: 53 },
          { name: "metrics", port: 9153, protocol: "TCP", targetPort: 9153 },
        ],
      },
    },
  ];
}

/** Only the cluster's own names, without a cache: an answer "no such name" must not outlive the Service's birth. */
function corefile(config: UnderlayConfig): string {
  return `.:53 {
    errors
    health {
       lameduck 3s
    }
    ready
    kubernetes ${config.clusterDomain} in-addr.arpa ip6.arpa {
       pods insecure
       ttl 5
    }
    prometheus :9153
    reload
    loadbalance
}
`;
}

function corednsPod(): KubeObject {
  const probe = (path: string, port: number): KubeObject => ({
    httpGet: { path, port, scheme: "HTTP" },
    timeoutSeconds: 5,
  });
  return {
    serviceAccountName: "coredns",
    priorityClassName: "system-cluster-critical",
    dnsPolicy: "Default",
    enableServiceLinks: false,
    tolerations: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }],
    containers: [
      {
        name: "coredns",
        image: COREDNS_IMAGE,
        imagePullPolicy: "IfNotPresent",
        args: ["-conf", "/etc/coredns/Corefile"],
        resources: { requests: { cpu: "100m", memory: "40Mi" }, limits: { memory: "170Mi" } },
        ports: [
          { containerPort: 53, name: "dns", protocol: "UDP" },
          { containerPort: 53, name: "dns-tcp", protocol: "TCP" },
          { containerPort: 9153, name: "metrics", protocol: "TCP" },
        ],
        readinessProbe: { ...probe("/ready", 8181), periodSeconds: 1 },
        livenessProbe: { ...probe("/health", 8080), initialDelaySeconds: 60, failureThreshold: 5 },
        securityContext: {
          allowPrivilegeEscalation: false,
          capabilities: { add: ["NET_BIND_SERVICE"], drop: ["ALL"] },
          readOnlyRootFilesystem: true,
        },
        volumeMounts: [{ name: "config", mountPath: "/etc/coredns", readOnly: true }],
      },
    ],
    volumes: [{ name: "config", configMap: { name: "coredns", items: [{ key: "Corefile", path: "Corefile" }] } }],
  };
}

function localPath(): KubeObject[] {
  const namespace = "local-path-storage";
  const account = { name: "local-path-provisioner", namespace };
  const read = ["get", "list", "watch"];
  const write = [...read, "create", "patch", "update", "delete"];
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: account },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "Role",
      metadata: account,
      rules: [{ apiGroups: [""], resources: ["pods"], verbs: write }],
    },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "RoleBinding",
      metadata: account,
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: account.name },
      subjects: [{ kind: "ServiceAccount", ...account }],
    },
    ...clusterRole("underpin:local-path-provisioner", account, [
      {
        apiGroups: [""],
        resources: ["nodes", "persistentvolumeclaims", "configmaps", "pods", "pods/log"],
        verbs: read,
      },
      { apiGroups: [""], resources: ["persistentvolumes"], verbs: write },
      { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
      { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: read },
    ]),
    localPathDeployment(account),
    {
      apiVersion: "storage.k8s.io/v1",
      kind: "StorageClass",
      metadata: { name: "local-path", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
      provisioner: "rancher.io/local-path",
      volumeBindingMode: "WaitForFirstConsumer",
      reclaimPolicy: "Delete",
    },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "local-path-config", namespace }, data: localPathFiles() },
  ];
}

function localPathDeployment(account: { name: string; namespace: string }): KubeObject {
  const labels = { app: account.name };
  const container = {
    name: account.name,
    image: LOCAL_PATH_IMAGE,
    imagePullPolicy: "IfNotPresent",
    args: ["start", "--config", "/etc/config/config.json"],
    resources: { requests: { cpu: "10m", memory: "20Mi" } },
    env: [
      { name: "POD_NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
      { name: "CONFIG_MOUNT_PATH", value: "/etc/config/" },
      // Of the helper pods, which need no rights.
      { name: "SERVICE_ACCOUNT_NAME", value: "default" },
    ],
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
    volumeMounts: [{ name: "config", mountPath: "/etc/config/" }],
  };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: account,
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: account.name,
          enableServiceLinks: false,
          securityContext: { runAsNonRoot: true, runAsUser: 65534 },
          containers: [container],
          volumes: [{ name: "config", configMap: { name: "local-path-config" } }],
        },
      },
    },
  };
}

function localPathFiles(): Record<string, string> {
  const helper = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "helper-pod" },
    spec: {
      priorityClassName: "system-node-critical",
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      tolerations: [{ operator: "Exists", effect: "NoSchedule" }],
      containers: [{ name: "helper-pod", image: VOLUME_HELPER_IMAGE, imagePullPolicy: "IfNotPresent" }],
    },
  };
  return {
    "config.json": JSON.stringify({
      nodePathMap: [{ node: "DEFAULT_PATH_FOR_NON_LISTED_NODES", paths: [VOLUMES_FOLDER] }],
    }),
    setup: '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\nchmod 0777 "$VOL_DIR"\n',
    teardown: '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
    "helperPod.yaml": JSON.stringify(helper),
  };
}

function clusterRole(
  name: string,
  account: { name: string; namespace: string },
  rules: readonly KubeObject[],
): KubeObject[] {
  return [
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name }, rules },
    {
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", ...account }],
    },
  ];
}
