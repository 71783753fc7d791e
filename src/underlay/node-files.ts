import { readFile } from "node:fs/promises";
import {
  nodeAddress,
  machineAddress,
  nodePodCidr,
  prefixLength,
  type NodeConfig,
  type UnderlayConfig,
} from "./config.ts";
import { IMAGE_REGISTRY, IMAGE_TAGS } from "./versions.ts";

/** A file of a node's root file system, path without leading slash. */
export interface NodeFile {
  readonly path: string;
  readonly text: string;
  readonly mode?: number;
}

/** What of the machine changes a node's files. */
export interface MachineTraits {
  /** "v2", or the v1 hierarchies (names of /proc/self/cgroup). */
  readonly cgroups: "v2" | readonly string[];
  /** Without CAP_SYS_RESOURCE no score may be lowered, and every pod sandbox would fail. */
  readonly restrictOomScore: boolean;
}

/** The files that make a root file system the node `node`; written before it starts, each time it starts. */
export async function nodeFiles(config: UnderlayConfig, node: NodeConfig, traits: MachineTraits): Promise<NodeFile[]> {
  const systemctl = await readFile(new URL("./node/systemctl", import.meta.url), "utf8");
  return [
    { path: "etc/hostname", text: `${node.name}\n` },
    { path: "etc/hosts", text: hosts(config, node) },
    // Nothing listens there unless the machine serves DNS to its nodes: names outside the cluster fail at once instead of after seconds.
    { path: "etc/resolv.conf", text: `nameserver ${machineAddress(config.nodeCidr)}\noptions timeout:1 attempts:1\n` },
    { path: "etc/underpin/network", text: network(config, node) },
    { path: "etc/cni/net.d/10-underpin.conflist", text: `${JSON.stringify(cni(config, node), null, 2)}\n` },
    { path: "etc/containerd/config.toml", text: containerd(traits) },
    { path: "opt/underpin/shim/systemctl", text: systemctl, mode: 0o755 },
    ...service("containerd", "exec containerd --config /etc/containerd/config.toml"),
    ...service("kubelet", KUBELET),
  ];
}

const KUBELET = `KUBELET_KUBEADM_ARGS=
[ -f /var/lib/kubelet/kubeadm-flags.env ] && . /var/lib/kubelet/kubeadm-flags.env
exec kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf \\
  --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS`;

function service(name: string, command: string): NodeFile[] {
  const folder = `etc/underpin/service/${name}`;
  return [
    { path: `${folder}/run`, text: `#!/bin/sh\nexec 2>&1\n${command}\n`, mode: 0o755 },
    {
      path: `${folder}/log/run`,
      text: `#!/bin/sh\nexec s6-log -b n4 s8000000 /var/log/underpin/${name}\n`,
      mode: 0o755,
    },
  ];
}

function hosts(config: UnderlayConfig, node: NodeConfig): string {
  const first = config.nodes[0] ?? node;
  const lines = config.nodes.map((one) => `${nodeAddress(config, one)} ${one.name}`);
  return ["127.0.0.1 localhost", "::1 localhost", ...lines, `${nodeAddress(config, first)} ${config.apiName}`, ""].join(
    "\n",
  );
}

/** Commands for `ip -batch`, run inside the node. */
function network(config: UnderlayConfig, node: NodeConfig): string {
  const others = config.nodes.filter((one) => one.name !== node.name);
  return [
    "link set lo up",
    `addr add ${nodeAddress(config, node)}/${prefixLength(config.nodeCidr)} dev eth0`,
    "link set eth0 up",
    "link set ext0 up",
    `route add default via ${machineAddress(config.nodeCidr)}`,
    ...others.map((one) => `route add ${nodePodCidr(config, one)} via ${nodeAddress(config, one)}`),
    "",
  ].join("\n");
}

function cni(config: UnderlayConfig, node: NodeConfig): object {
  const bridge = {
    type: "bridge",
    bridge: "cni0",
    isGateway: true,
    hairpinMode: true,
    ipMasq: false,
    mtu: config.mtu,
    ipam: {
      type: "host-local",
      // Kept in memory: after a restart of the node no address is in use any more.
      dataDir: "/run/cni/networks",
      ranges: [[{ subnet: nodePodCidr(config, node) }]],
      routes: [{ dst: "0.0.0.0/0" }],
    },
  };
  const portmap = { type: "portmap", capabilities: { portMappings: true }, snat: true, backend: "nftables" };
  return { cniVersion: "1.0.0", name: "underpin", plugins: [bridge, portmap] };
}

function containerd(traits: MachineTraits): string {
  return `version = 3
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = "${IMAGE_REGISTRY}/pause:${IMAGE_TAGS.pause}"
[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = ${traits.restrictOomScore}
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ["/opt/cni/bin"]
    conf_dir = "/etc/cni/net.d"
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = "runc"
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
        BinaryName = "/usr/sbin/runc"
        SystemdCgroup = false
`;
}
