/** Root file system of a node of the local underlay: what containerd, kubelet and kubeadm call, and a supervisor. */
export const image = {
  name: "node",
  output: "directory",
  packages: [
    "s6",
    "runc",
    "nftables",
    "iproute2",
    "conntrack",
    "ethtool",
    "socat",
    "procps",
    "util-linux",
    "mount",
    "ca-certificates",
    "iputils-ping",
    "kmod",
  ],
  commands: [
    // A node makes these itself; in an image they would be shared by all.
    "rm -rf /etc/machine-id /etc/hostname",
    "mkdir -p /etc/cni/net.d /etc/kubernetes /opt/cni/bin /var/lib/kubelet /var/lib/containerd",
  ],
};
