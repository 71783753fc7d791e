import { LABEL } from "../../api/names.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import {
  configMapDir,
  contentConfigMap,
  hostDir,
  job,
  mountsOf,
  privilegedContainer,
  volumesOf,
  type Mounted,
} from "../kit/index.ts";
import { bridgesFile } from "./bridges.ts";
import { CONFIG_DIR, script } from "./build.ts";
import { nodesOwner, STATE } from "./nodes.ts";

/**
 * What takes from each node that the Cloud leaves what its pods left there: guests, network namespaces, the switch's
 * devices and, when the Cloud's deletionPolicy is Delete, their state. A Job for each node, to be run when the
 * DaemonSets are gone; repeating it changes nothing.
 */
export function cleanup(input: BuildInput, nodes: readonly string[]): readonly Manifest[] {
  const owner = nodesOwner(input, "network", "node-cleanup");
  const config = contentConfigMap(owner, "node-cleanup", {
    "cleanup.sh": script("cleanup.sh"),
    bridges: bridgesFile(input.cloud),
  });
  const namespaces: Mounted = {
    volume: { name: "netns", hostPath: { path: "/run/netns", type: "DirectoryOrCreate" } },
    mount: { name: "netns", mountPath: "/run/netns", mountPropagation: "Bidirectional" },
  };
  const mounted = [
    configMapDir("scripts", config.metadata.name, CONFIG_DIR, 0o555),
    namespaces,
    hostDir("ovs-run", "/run/openvswitch", "/host/run/openvswitch"),
    hostDir("libvirt-run", "/run/libvirt", "/host/run/libvirt"),
    hostDir("state", STATE, "/host/state"),
  ];
  const container = privilegedContainer({
    name: "cleanup",
    image: input.images["ovn"] ?? "",
    command: [`${CONFIG_DIR}/cleanup.sh`],
    env: [{ name: "DELETION_POLICY", value: input.cloud.spec.deletionPolicy }],
    mounts: mountsOf(mounted),
  });
  const jobs = nodes.map((node) =>
    job(owner, {
      // A few quick attempts; the operator makes the Job anew some times, and their logs say why it must.
      backoffLimit: 2,
      restartPolicy: "Never",
      hostNetwork: true,
      hostPID: true,
      placement: { nodeSelector: { "kubernetes.io/hostname": node }, tolerations: [{ operator: "Exists" }] },
      annotations: { [LABEL.cloud]: `${input.cloud.metadata.namespace}.${input.cloud.metadata.name}` },
      containers: [container],
      volumes: volumesOf(mounted),
    }),
  );
  return [config, ...jobs];
}
