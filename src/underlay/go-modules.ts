import { VERSIONS } from "./versions.ts";

/** One Go module next to this file and the programs that are built of it, all by one `go build`. */
export interface GoModule {
  /** Folder under `go/`. */
  readonly name: string;
  readonly tags: string;
  readonly ldflags: string;
  /** Package by the name of its program. The name must be what Go would call it, unless there is only one. */
  readonly programs: Readonly<Record<string, string>>;
  /** CNI plugins lie in a folder of their own. */
  readonly cni?: boolean;
}

const KUBERNETES_PROGRAMS = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kubelet",
  "kube-proxy",
  "kubeadm",
  "kubectl",
];
const CONTAINERD = "github.com/containerd/containerd/v2";
const CNI = "github.com/containernetworking/plugins";

/**
 * In the order in which they are built: the longest first would leave processors idle at its end, but the node needs
 * containerd's first. The flags are part of Go's own cache key: changing one compiles everything anew.
 */
export const GO_MODULES: readonly GoModule[] = [
  { name: "pause", tags: "", ldflags: "-s -w", programs: { pause: "." } },
  {
    name: "containerd",
    tags: "no_btrfs no_devmapper no_zfs no_aufs",
    ldflags: `-s -w -X ${CONTAINERD}/version.Version=${VERSIONS.containerd}`,
    programs: Object.fromEntries(
      ["containerd", "containerd-shim-runc-v2", "ctr"].map((name) => [name, `${CONTAINERD}/cmd/${name}`]),
    ),
  },
  {
    name: "kubernetes",
    tags: "selinux,notest,grpcnotrace",
    ldflags: kubernetesFlags(VERSIONS.kubernetes),
    programs: Object.fromEntries(KUBERNETES_PROGRAMS.map((name) => [name, `k8s.io/kubernetes/cmd/${name}`])),
  },
  {
    name: "etcd",
    tags: "",
    ldflags: "-s -w",
    programs: { etcd: "go.etcd.io/etcd/server/v3", etcdctl: "go.etcd.io/etcd/etcdctl/v3" },
  },
  {
    name: "cni",
    tags: "",
    ldflags: `-s -w -X ${CNI}/pkg/utils/buildversion.BuildVersion=${VERSIONS.cniPlugins}`,
    programs: Object.fromEntries(
      ["main/bridge", "main/loopback", "main/ptp", "ipam/host-local", "meta/portmap"].map((path) => [
        path.split("/")[1] ?? "",
        `${CNI}/plugins/${path}`,
      ]),
    ),
    cni: true,
  },
  {
    name: "local-path-provisioner",
    tags: "",
    ldflags: `-s -w -X main.VERSION=${VERSIONS.localPathProvisioner}`,
    programs: { "local-path-provisioner": "github.com/rancher/local-path-provisioner" },
  },
  {
    name: "coredns",
    tags: "",
    ldflags: "-s -w -X github.com/coredns/coredns/coremain.GitCommit=underpin",
    programs: { coredns: "." },
  },
];

/** What Kubernetes' own build sets, so that kubeadm and the kubelet know their version. */
function kubernetesFlags(version: string): string {
  const [, major = "", minor = ""] = /^v(\d+)\.(\d+)/.exec(version) ?? [];
  const values = {
    gitVersion: version,
    gitMajor: major,
    gitMinor: minor,
    gitCommit: "underpin",
    gitTreeState: "clean",
    buildDate: "2026-01-01T00:00:00Z",
  };
  const packages = ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"];
  return [
    "-s -w",
    ...packages.flatMap((path) => Object.entries(values).map(([name, value]) => `-X ${path}.${name}=${value}`)),
  ].join(" ");
}
