/** Versions of the programs, equal to those that the go.mod files next to it require (a test compares them). */
export const VERSIONS = {
  kubernetes: "v1.37.2",
  etcd: "v3.7.0",
  containerd: "v2.4.2",
  coredns: "v1.14.6",
  cniPlugins: "v1.9.1",
  localPathProvisioner: "v0.0.30",
  pause: "3.10.2",
} as const;

/** Image tags that kubeadm of this version asks for. */
export const IMAGE_TAGS = { etcd: "3.7.0-0", coredns: "v1.14.6", pause: "3.10.2" } as const;

/** Registry name of every image that is made here; nothing is ever pulled from it. */
export const IMAGE_REGISTRY = "underpin.local";
