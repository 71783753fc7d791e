import { readFileSync } from "node:fs";
import type { ComputePool } from "../../api/cloud.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import {
  configMapDir,
  contentConfigMap,
  daemonSet,
  emptyDir,
  execProbe,
  hostDir,
  mountsOf,
  privilegedContainer,
  startupProbe,
  volumesOf,
  type Data,
  type Mounted,
} from "../kit/index.ts";
import { NODE_ENV, nodesOwner, onNodes, STATE, switchSockets } from "../network/nodes.ts";

const CONFIG_DIR = "/etc/underpin/libvirt";

/** Folders of the node that libvirt and nova-compute share, at the same path in both: libvirt starts guests from nova's. */
export const SHARED: readonly Mounted[] = [
  hostDir("libvirt-run", "/run/libvirt"),
  hostDir("nova-state", `${STATE}/nova`, "/var/lib/nova"),
  switchSockets(),
];

const HOST: readonly Mounted[] = [
  hostDir("libvirt-state", `${STATE}/libvirt`, "/var/lib/libvirt"),
  hostDir("libvirt-guests", `${STATE}/libvirt-etc`, "/etc/libvirt/qemu"),
  { volume: { name: "dev", hostPath: { path: "/dev", type: "Directory" } }, mount: { name: "dev", mountPath: "/dev" } },
  {
    // The wrapper over QEMU moves each guest out of this pod's control groups.
    volume: { name: "cgroup", hostPath: { path: "/sys/fs/cgroup", type: "Directory" } },
    mount: { name: "cgroup", mountPath: "/sys/fs/cgroup" },
  },
  emptyDir("libvirt-config", "/run/libvirt-config"),
];

/** The daemon that runs the guests of a pool. Guests outlive its pod, and the next one adopts them. */
export function libvirt(input: BuildInput, pool: ComputePool): readonly Manifest[] {
  const owner = nodesOwner(input, "compute", `libvirt-${pool.name}`);
  const config = contentConfigMap(owner, "libvirt-config", FILES);
  const qemuConf: Mounted = {
    volume: { name: "config", configMap: { name: config.metadata.name, defaultMode: 0o555 } },
    mount: { name: "config", mountPath: "/etc/libvirt/qemu.conf", subPath: "qemu.conf", readOnly: true },
  };
  const files = configMapDir("config", config.metadata.name, CONFIG_DIR, 0o555);
  const answers = execProbe([`${CONFIG_DIR}/libvirt-ready.sh`]);
  const mounted = [files, ...SHARED, ...HOST];
  const daemon = privilegedContainer({
    name: "libvirtd",
    image: input.images["libvirt"] ?? "",
    command: [`${CONFIG_DIR}/libvirt.sh`],
    env: [
      ...NODE_ENV,
      { name: "CLOUD", value: `${input.cloud.metadata.namespace}/${input.cloud.metadata.name}` },
      { name: "LANG", value: "C.UTF-8" },
    ],
    mounts: [...mountsOf(mounted), qemuConf.mount],
    resources: { requests: { cpu: "20m", memory: "64Mi" } },
    startup: startupProbe(answers, 60),
    readiness: answers,
  });
  const set = daemonSet(owner, {
    hostNetwork: true,
    // Guests leave the pod's control groups, and libvirt looks for them by their process ids.
    hostPID: true,
    graceSeconds: 10,
    placement: onNodes(input.cloud, pool.nodeSelector),
    containers: [daemon],
    volumes: volumesOf(mounted),
  });
  return [config, set];
}

export function script(name: string): string {
  return readFileSync(new URL(`./scripts/${name}`, import.meta.url), "utf8");
}

const FILES: Data = {
  "libvirt.sh": script("libvirt.sh"),
  "libvirt-ready.sh": script("libvirt-ready.sh"),
  "libvirtd.conf": `# Whoever is in the container or on the host's socket is root there already.
auth_unix_rw = "none"
unix_sock_group = "root"
log_outputs = "3:stderr"
`,
  "qemu.conf": `user = "root"
group = "root"
security_driver = "none"
remember_owner = 0
# No control groups and no mount namespace for guests, and no second daemon for their consoles: all three would tie them
# to this container.
cgroup_controllers = []
namespaces = []
stdio_handler = "file"
`,
};
