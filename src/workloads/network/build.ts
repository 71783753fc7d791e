import { readFileSync } from "node:fs";
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
  type Mounted,
  type Owner,
} from "../kit/index.ts";
import { southbound } from "../ovn/addresses.ts";
import { bridgesFile } from "./bridges.ts";
import { metadataAgent } from "./metadata.ts";
import { hasGuests, NODE_ENV, nodesOwner, onNodes, STATE, switchSockets } from "./nodes.ts";

export const CONFIG_DIR = "/etc/underpin/ovs";
const SCRIPTS = [
  "ovsdb.sh",
  "vswitchd.sh",
  "vswitchd-ready.sh",
  "interfaces-up.sh",
  "controller.sh",
  "controller-ready.sh",
  "metadata-ready.sh",
] as const;

/** All objects of the nodes' network; none until the southbound database has its address. */
export function build(input: BuildInput): readonly Manifest[] {
  const remote = southbound(input);
  if (remote === undefined) return [];
  const owner = nodesOwner(input, "network", "network");
  const files = Object.fromEntries(SCRIPTS.map((name) => [name, script(name)]));
  const config = contentConfigMap(owner, "network-config", { ...files, bridges: bridgesFile(input.cloud) });
  const configDir = configMapDir("scripts", config.metadata.name, CONFIG_DIR, 0o555);
  return [
    config,
    openvswitch({ ...owner, name: "ovs" }, configDir, remote),
    controller({ ...owner, name: "ovn-controller" }, configDir),
    // Guests ask it, and it asks nova.
    ...(hasGuests(input.cloud) ? metadataAgent({ ...owner, name: "ovn-metadata" }, configDir, remote) : []),
  ];
}

function openvswitch(owner: Owner, configDir: Mounted, remote: string): Manifest {
  const { images, cloud } = owner.input;
  const mounted = [configDir, switchSockets(), hostDir("ovs-state", `${STATE}/openvswitch`, "/etc/openvswitch")];
  const common = { image: images["ovn"] ?? "", mounts: mountsOf(mounted) };
  const database = execProbe(["ovs-vsctl", "--timeout=4", "--no-wait", "show"]);
  const answers = execProbe([`${CONFIG_DIR}/vswitchd-ready.sh`]);
  return daemonSet(owner, {
    hostNetwork: true,
    graceSeconds: 10,
    placement: onNodes(cloud),
    containers: [
      privilegedContainer({
        ...common,
        name: "ovsdb-server",
        command: [`${CONFIG_DIR}/ovsdb.sh`],
        resources: { requests: { cpu: "10m", memory: "16Mi" } },
        startup: startupProbe(database, 60),
        readiness: database,
      }),
      privilegedContainer({
        ...common,
        name: "vswitchd",
        command: [`${CONFIG_DIR}/vswitchd.sh`],
        env: [...NODE_ENV, { name: "OVN_SB", value: remote }],
        resources: { requests: { cpu: "50m", memory: "64Mi" } },
        startup: startupProbe(answers, 60),
        readiness: answers,
      }),
    ],
    volumes: volumesOf(mounted),
  });
}

function controller(owner: Owner, configDir: Mounted): Manifest {
  const { images, cloud } = owner.input;
  const mounted = [configDir, switchSockets(), emptyDir("run", "/run/ovn")];
  const connected = execProbe([`${CONFIG_DIR}/controller-ready.sh`]);
  return daemonSet(owner, {
    hostNetwork: true,
    graceSeconds: 10,
    placement: onNodes(cloud),
    containers: [
      privilegedContainer({
        name: "ovn-controller",
        image: images["ovn"] ?? "",
        command: [`${CONFIG_DIR}/controller.sh`],
        mounts: mountsOf(mounted),
        resources: { requests: { cpu: "20m", memory: "32Mi" } },
        startup: startupProbe(connected, 120),
        readiness: connected,
      }),
    ],
    volumes: volumesOf(mounted),
  });
}

/** A script of this folder. */
export function script(name: string): string {
  return readFileSync(new URL(`./scripts/${name}`, import.meta.url), "utf8");
}
