import type { Cloud } from "../api/cloud.ts";
import { LABEL } from "../api/names.ts";
import { fieldAt, type KubeObject } from "../kube/types.ts";
import type { Facts, NodeFacts } from "../workloads/contract.ts";

/** Label that the underlay sets on nodes that can run guests with hardware virtualisation. */
const KVM_LABEL = "underpin.dev/kvm";

/** Value of the label by which a node belongs to a Cloud. */
export function cloudLabelValue(cloud: { name: string; namespace: string }): string {
  return `${cloud.namespace}.${cloud.name}`;
}

/** The nodes that belong to the Cloud, each with the first compute pool that selects it. */
export function nodeFacts(cloud: Cloud, nodes: readonly KubeObject[]): NodeFacts[] {
  const mine = nodes.filter((node) => node.metadata.labels?.[LABEL.cloud] === cloudLabelValue(cloud.metadata));
  return mine
    .flatMap((node): NodeFacts[] => {
      const labels = node.metadata.labels ?? {};
      const pool = cloud.spec.compute.pools.find(({ nodeSelector }) =>
        Object.entries(nodeSelector).every(([name, value]) => labels[name] === value),
      );
      const internalIP = addressOf(node);
      if (pool === undefined || internalIP === undefined) return [];
      return [{ name: node.metadata.name, internalIP, pool: pool.name, kvm: labels[KVM_LABEL] === "true" }];
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Host and port of the front door: the given host name, else the first node's address. */
export function publicEndpoint(cloud: Cloud, nodes: readonly NodeFacts[]): string | undefined {
  const host = cloud.spec.endpoints.hostname ?? nodes[0]?.internalIP;
  if (host === undefined) return undefined;
  const { type, nodePort } = cloud.spec.endpoints.exposure;
  return type === "NodePort" ? `${host}:${nodePort}` : host;
}

/** Addresses of the Services that clients without a resolver use. */
export function clusterIPs(services: readonly KubeObject[]): Facts["clusterIPs"] {
  const addresses: Record<string, string> = {};
  for (const service of services) {
    const address = fieldAt(service, "spec", "clusterIP");
    if (typeof address === "string" && address !== "None" && address !== "") addresses[service.metadata.name] = address;
  }
  return addresses;
}

function addressOf(node: KubeObject): string | undefined {
  const addresses = fieldAt(node, "status", "addresses");
  if (!Array.isArray(addresses)) return undefined;
  const internal = (addresses as { type: string; address: string }[]).find(({ type }) => type === "InternalIP");
  return internal?.address;
}
