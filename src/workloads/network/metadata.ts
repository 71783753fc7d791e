import { resolveService } from "../../api/cloud.ts";
import type { Manifest } from "../contract.ts";
import {
  configDir,
  configLayers,
  configMapDir,
  contentConfigMap,
  credential,
  daemonSet,
  emptyDir,
  workerProbe,
  mountsOf,
  privilegedContainer,
  PYTHON_ENV,
  reloading,
  reloadModule,
  serviceHost,
  startupProbe,
  volumesOf,
  type Mounted,
  type Owner,
} from "../kit/index.ts";
import { PRIVILEGED_FILES, privilegedCommand } from "../kit/privileged.ts";
import { onNodes, switchSockets } from "./nodes.ts";

const STATE_PATH = "/var/lib/neutron";

const PROGRAMS = "/opt/underpin";
const CONTEXTS = { first: "neutron.cmd.agents.ovn_metadata", modules: ["neutron.privileged"] };

/** Sections of neutron's privileged contexts (neutron/privileged/__init__.py, 2025.1). */
const PRIVSEP_CONTEXTS = [
  "privsep",
  "privsep_conntrack",
  "privsep_dhcp_release",
  "privsep_link",
  "privsep_namespace",
  "privsep_ovs_vsctl",
];

/** neutron's agent that gives each guest its metadata: a proxy in a namespace of every network with a guest on the node. */
export function metadataAgent(owner: Owner, scripts: Mounted, remote: string): readonly Manifest[] {
  const { input } = owner;
  const layers = configLayers({
    owner,
    base: [base(owner, remote)],
    secret: [secret(owner)],
    user: { service: "neutron", resolved: resolveService(input.cloud, "neutron"), component: "ovn-metadata-agent" },
  });
  const namespaces: Mounted = {
    volume: { name: "netns", hostPath: { path: "/run/netns", type: "DirectoryOrCreate" } },
    // A namespace that is made here must be seen by the host, and by the pod that comes after this one.
    mount: { name: "netns", mountPath: "/run/netns", mountPropagation: "Bidirectional" },
  };
  // Apart from the switch's scripts: a change of these files must not restart the switch.
  const programs = contentConfigMap(owner, "ovn-metadata-programs", PRIVILEGED_FILES);
  const reload = reloadModule(owner);
  const start = configMapDir("programs", programs.metadata.name, PROGRAMS);
  const mounted = [
    layers.mounted,
    scripts,
    start,
    reload.mounted,
    switchSockets(),
    namespaces,
    emptyDir("state", STATE_PATH),
  ];
  const accepts = workerProbe([`${scripts.mount.mountPath}/metadata-ready.sh`]);
  const agent = privilegedContainer({
    name: "ovn-metadata-agent",
    image: input.images["openstack"] ?? "",
    command: reloading(
      owner.workload,
      privilegedCommand(PROGRAMS, CONTEXTS, [
        "/opt/openstack/bin/neutron-ovn-metadata-agent",
        "--config-dir",
        configDir(owner.workload),
      ]),
    ),
    env: PYTHON_ENV,
    mounts: mountsOf(mounted),
    resources: { requests: { cpu: "20m", memory: "256Mi" } },
    startup: startupProbe(accepts, 180),
    readiness: accepts,
  });
  const set = daemonSet(owner, {
    hostNetwork: true,
    graceSeconds: 10,
    placement: onNodes(input.cloud),
    containers: [agent],
    volumes: volumesOf(mounted),
  });
  return [...layers.objects, reload.object, programs, set];
}

function base(owner: Owner, remote: string) {
  return {
    DEFAULT: {
      nova_metadata_host: serviceHost(owner.input, "nova-metadata", owner.input.cloud.metadata.namespace),
      nova_metadata_port: 8775,
      // In the agent's own process: a worker process would be another hundred MiB.
      metadata_workers: 0,
      state_path: STATE_PATH,
    },
    // The container is root on the host already: no sudo in front of commands, nor of the helper in any of neutron's contexts.
    agent: { root_helper: "" },
    ...Object.fromEntries(PRIVSEP_CONTEXTS.map((context) => [context, { helper_command: "privsep-helper" }])),
    ovs: { ovsdb_connection: "unix:/run/openvswitch/db.sock" },
    ovn: { ovn_sb_connection: remote },
    oslo_concurrency: { lock_path: `${STATE_PATH}/lock` },
  };
}

function secret(owner: Owner) {
  return { DEFAULT: { metadata_proxy_shared_secret: credential(owner.input, "nova-metadata", "secret") } };
}
