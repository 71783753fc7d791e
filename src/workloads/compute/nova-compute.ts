import { resolveService, type ComputePool } from "../../api/cloud.ts";
import type { IniData } from "../../oslo/ini.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import {
  caDir,
  configDir,
  configLayers,
  configMapDir,
  contentConfigMap,
  daemonSet,
  emptyDir,
  workerProbe,
  hostDir,
  mountsOf,
  privilegedContainer,
  PYTHON_ENV,
  reloading,
  reloadModule,
  startupProbe,
  volumesOf,
} from "../kit/index.ts";
import { PRIVILEGED_FILES, privilegedCommand } from "../kit/privileged.ts";
import { NODE_ENV, nodesOwner, onNodes } from "../network/nodes.ts";
import { novaBase, novaSecret } from "../nova/config.ts";
import { script, SHARED } from "./libvirt.ts";

const SCRIPTS = "/etc/underpin/compute";
const CONTEXTS = { first: "nova.cmd", modules: ["nova.privsep", "vif_plug_ovs.privsep", "os_brick.privileged"] };

/** nova's agent on the nodes of a pool. Guests do not notice when it is gone. */
export function novaCompute(input: BuildInput, pool: ComputePool): readonly Manifest[] {
  const owner = nodesOwner(input, "compute", `nova-compute-${pool.name}`);
  const service = resolveService(input.cloud, "nova");
  const layers = configLayers({
    owner,
    base: [novaBase(input), computeBase(input, pool)],
    user: { service: "nova", resolved: service, component: "compute", further: pool.options },
    secret: [novaSecret(input)],
  });
  const scripts = contentConfigMap(owner, "compute-scripts", {
    "compute.sh": script("compute.sh"),
    "compute-ready.sh": script("compute-ready.sh"),
    ...PRIVILEGED_FILES,
  });
  const reload = reloadModule(owner);
  const mounted = [
    layers.mounted,
    reload.mounted,
    configMapDir("scripts", scripts.metadata.name, SCRIPTS, 0o555),
    caDir(),
    emptyDir("node-config", "/run/nova"),
    // nova reads a guest's console from the terminal that libvirt gave it.
    hostDir("pts", "/dev/pts"),
    ...SHARED,
  ];
  const connected = workerProbe([`${SCRIPTS}/compute-ready.sh`]);
  const agent = privilegedContainer({
    name: "nova-compute",
    image: input.images["openstack"] ?? "",
    command: [
      `${SCRIPTS}/compute.sh`,
      ...reloading(
        owner.workload,
        privilegedCommand(SCRIPTS, CONTEXTS, [
          "/opt/openstack/bin/nova-compute",
          "--config-dir",
          configDir(owner.workload),
        ]),
      ),
    ],
    env: [...PYTHON_ENV, ...NODE_ENV],
    mounts: mountsOf(mounted),
    resources: service.resources ?? { requests: { cpu: "50m", memory: "256Mi" } },
    startup: startupProbe(connected, 180),
    readiness: connected,
  });
  const set = daemonSet(owner, {
    hostNetwork: true,
    placement: onNodes(input.cloud, pool.nodeSelector),
    containers: [agent],
    volumes: volumesOf(mounted),
  });
  return [...layers.objects, reload.object, scripts, set];
}

/** What nova-compute has beyond every nova process; what differs from node to node is written at start. */
function computeBase(input: BuildInput, pool: ComputePool): IniData {
  const helper = { helper_command: "privsep-helper" };
  return {
    DEFAULT: {
      compute_driver: "libvirt.LibvirtDriver",
      // After a reboot of the node its guests run again, as they did before.
      resume_guests_state_on_host_boot: true,
    },
    libvirt: { ...virtualization(input, pool), hw_machine_type: ["x86_64=q35"] },
    os_vif_ovs: { ovsdb_connection: "unix:/run/openvswitch/db.sock" },
    // For a context that is not run in the process itself. The container is root already: no sudo in front.
    nova_sys_admin: helper,
    privsep_osbrick: helper,
    vif_plug_ovs_privileged: helper,
  };
}

/** How the guests of a pool are run. Emulation gets the plainest processor: the host's own model would promise what the emulator cannot do. */
export function virtualization(input: BuildInput, pool: ComputePool) {
  const nodes = input.facts.nodes.filter((node) => node.pool === pool.name);
  const kvm =
    pool.virtualization === "Auto"
      ? nodes.length > 0 && nodes.every((node) => node.kvm)
      : pool.virtualization === "KVM";
  return kvm ? { virt_type: "kvm" } : { virt_type: "qemu", cpu_mode: "custom", cpu_models: ["qemu64"] };
}
