// What the pods that touch the host have in common: the Cloud's nodes, the folders there, and the node's own facts.
import { LABEL, nodesNamespace } from "../../api/names.ts";
import type { BuildInput, Cloud } from "../contract.ts";
import { hostDir, type Mounted, type Owner, type Placement } from "../kit/index.ts";

/** State on each node that outlives pods and reboots. */
export const STATE = "/var/lib/underpin";

export function nodesOwner(input: BuildInput, workload: string, name: string): Owner {
  return { input, workload, name, namespace: nodesNamespace(input.cloud.metadata.namespace) };
}

/** The nodes that belong to the Cloud and, when a selector is given, to a part of it. */
export function onNodes(cloud: Cloud, selector: Readonly<Record<string, string>> = {}): Placement {
  return {
    nodeSelector: { ...selector, [LABEL.cloud]: `${cloud.metadata.namespace}.${cloud.metadata.name}` },
    tolerations: cloud.spec.placement.tolerations,
    // Guests lose their network with these pods, so nothing on the node is more important.
    priorityClassName: "system-node-critical",
  };
}

/** Whether guests run on the Cloud's nodes. */
export function hasGuests(cloud: Cloud): boolean {
  return cloud.spec.services["nova"]?.enabled === true;
}

/** The sockets of Open vSwitch, for whoever speaks to it on the node. */
export function switchSockets(): Mounted {
  return hostDir("ovs-run", "/run/openvswitch");
}

/** NODE and NODE_IP: what differs from node to node in an equal pod. */
export const NODE_ENV = [
  { name: "NODE", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "spec.nodeName" } } },
  { name: "NODE_IP", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "status.hostIP" } } },
];
