// What builders need, made up for a Cloud that runs nowhere: its files show the configuration without a cluster.
import type { Cloud } from "../api/cloud.ts";
import type { BuildInput, Facts, ReleaseFacts, Workload } from "../workloads/contract.ts";
import { configurations, type ProcessConfiguration } from "./configuration.ts";

/** What only a running cluster knows stands between these: `https://<address of a node>:30443`. */
export const UNKNOWN = /<[^<>]+>/;
const NODE_ADDRESS = "<address of a node>";

/** What the builders are, and what they know of the release. */
export interface Builders {
  readonly workloads: readonly Workload[];
  readonly release: ReleaseFacts;
}

/**
 * The configuration of all processes as the builders make it for the Cloud. Secret values are made up, and what depends
 * on the cluster is a name in angle brackets.
 */
export function builtConfigurations(builders: Builders, cloud: Cloud): readonly ProcessConfiguration[] {
  const input = offlineInput(builders, cloud);
  return configurations(builders.workloads.flatMap((workload) => [...workload.build(input)]));
}

function offlineInput({ workloads, release }: Builders, cloud: Cloud): BuildInput {
  const images = ["debian", "openstack", "mariadb", "rabbitmq", "memcached", "ovn", "libvirt", "gateway", "operator"];
  return {
    cloud,
    release,
    images: Object.fromEntries(images.map((name) => [name, `underpin.local/${name}:unknown`])),
    facts: offlineFacts(workloads, cloud),
  };
}

function offlineFacts(workloads: readonly Workload[], cloud: Cloud): Facts {
  const { hostname, exposure } = cloud.spec.endpoints;
  const host = hostname ?? NODE_ADDRESS;
  const asked = workloads.flatMap((workload) => [...workload.credentials(cloud)]);
  const generated = asked.map(({ name, keys }): [string, string[]] => [name, Object.keys(keys)]);
  const given = Object.values(cloud.spec.services).flatMap(({ secretOptions }) =>
    secretOptions.map(({ secretRef }): [string, string[]] => [secretRef.name, [secretRef.key]]),
  );
  const credentials: Record<string, Record<string, string>> = {};
  for (const [name, keys] of [...generated, ...given])
    credentials[name] = { ...credentials[name], ...Object.fromEntries(keys.map((key) => [key, "secret"])) };
  return {
    credentials,
    caCertificate: "",
    certificateHashes: {},
    nodes: cloud.spec.compute.pools.map(({ name }) => ({ name, internalIP: NODE_ADDRESS, pool: name, kvm: false })),
    publicEndpoint: exposure.type === "NodePort" ? `${host}:${exposure.nodePort}` : host,
    clusterDomain: "cluster.local",
    clusterIPs: { "ovn-nb": "<address of ovn-nb>", "ovn-sb": "<address of ovn-sb>" },
  };
}
