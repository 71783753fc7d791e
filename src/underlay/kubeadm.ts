import { nodeAddress, type NodeConfig, type UnderlayConfig } from "./config.ts";
import { IMAGE_REGISTRY, VERSIONS } from "./versions.ts";

export interface KubeadmTraits {
  readonly cgroupVersion: "v1" | "v2";
  readonly kvm: boolean;
}

/** Configuration of `kubeadm init` for the first control plane, several documents (JSON is YAML). */
export function initConfiguration(config: UnderlayConfig, node: NodeConfig, traits: KubeadmTraits): string {
  const documents = [
    {
      apiVersion: "kubeadm.k8s.io/v1beta4",
      kind: "InitConfiguration",
      localAPIEndpoint: { advertiseAddress: nodeAddress(config, node), bindPort: config.apiPort },
      nodeRegistration: nodeRegistration(config, node, traits),
    },
    clusterConfiguration(config),
    kubeletConfiguration(traits),
    {
      apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
      kind: "KubeProxyConfiguration",
      mode: "nftables",
      // Zero: lowering it needs a capability that not every machine gives.
      oomScoreAdj: 0,
      // Zero leaves the machine's connection tracking limits alone.
      conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    },
  ];
  return documents.map((document) => JSON.stringify(document, null, 2)).join("\n---\n");
}

function nodeRegistration(config: UnderlayConfig, node: NodeConfig, traits: KubeadmTraits): object {
  return {
    name: node.name,
    criSocket: "unix:///run/containerd/containerd.sock",
    imagePullPolicy: "IfNotPresent",
    taints: [],
    kubeletExtraArgs: [
      { name: "node-ip", value: nodeAddress(config, node) },
      { name: "node-labels", value: `underpin.dev/kvm=${traits.kvm}` },
    ],
    // kubeadm's system check refuses the first version of control groups, which the kubelet still supports.
    ignorePreflightErrors: traits.cgroupVersion === "v1" ? ["SystemVerification"] : [],
  };
}

function clusterConfiguration(config: UnderlayConfig): object {
  return {
    apiVersion: "kubeadm.k8s.io/v1beta4",
    kind: "ClusterConfiguration",
    clusterName: "underpin",
    // A dozen RSA keys would take seconds to make.
    encryptionAlgorithm: "ECDSA-P256",
    kubernetesVersion: VERSIONS.kubernetes,
    imageRepository: IMAGE_REGISTRY,
    controlPlaneEndpoint: `${config.apiName}:${config.apiPort}`,
    networking: { podSubnet: config.podCidr, serviceSubnet: config.serviceCidr, dnsDomain: config.clusterDomain },
    // Our own manifest serves DNS: kubeadm's first readiness probe comes late.
    dns: { disabled: true },
    // Pod ranges are fixed beforehand, so a node is Ready without waiting for one.
    controllerManager: { extraArgs: [{ name: "allocate-node-cidrs", value: "false" }, ...LEASE, ...RATE] },
    scheduler: { extraArgs: [...LEASE, ...RATE] },
  };
}

/** With the default of 20 requests a second the controllers of a new cluster begin to work 6 s after they were started. */
const RATE = [
  { name: "kube-api-qps", value: "200" },
  { name: "kube-api-burst", value: "400" },
];

/** Shorter than the default 15 s: after a kill or a reboot the cluster's controllers wait this long for their former selves. */
const LEASE = [
  { name: "leader-elect-lease-duration", value: "6s" },
  { name: "leader-elect-renew-deadline", value: "4s" },
];

function kubeletConfiguration(traits: KubeadmTraits): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    cgroupDriver: "cgroupfs",
    ...(traits.cgroupVersion === "v1" ? { failCgroupV1: false } : {}),
    failSwapOn: false,
    // No registry can give our images back: they are never collected.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    evictionHard: { "memory.available": "200Mi", "nodefs.available": "1Gi" },
    resolvConf: "/etc/resolv.conf",
    rotateCertificates: true,
    maxPods: 200,
  };
}
