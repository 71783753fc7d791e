import { readCloud } from "../api/cloud.ts";
import { API_VERSION } from "../api/names.ts";
import type { BuildInput, Workload } from "../workloads/contract.ts";
import { loadWorkloads } from "../workloads/registry.ts";
import { certificateRequests, credentialRequests } from "../desired/objects.ts";
import { cloudRules, type PolicyRule } from "./rbac.ts";

/** Profiles that together make builders emit every kind: disruption budgets come only with replicas. */
const PROFILES = ["Minimal", "Standard", "Large"] as const;

/** The rules that a Cloud's namespaces need, from what the builders of all workloads emit for a cloud of each profile. */
export async function everyRule(): Promise<PolicyRule[]> {
  const workloads = await loadWorkloads();
  return cloudRules(
    PROFILES.flatMap((profile) => workloads.flatMap((workload) => workload.build(sampleInput(workloads, profile)))),
  );
}

/** An input with which every builder works; its values mean nothing. */
export function sampleInput(workloads: readonly Workload[], profile: (typeof PROFILES)[number]): BuildInput {
  const cloud = readCloud({
    apiVersion: API_VERSION,
    kind: "Cloud",
    metadata: { name: "sample", namespace: "sample" },
    spec: {
      release: "2025.1",
      profile,
      network: {
        provider: [{ name: "public", interface: "ext0", cidr: "192.0.2.0/24", pool: "192.0.2.100-192.0.2.200" }],
      },
      compute: { pools: [{ name: "sample" }] },
    },
  });
  const reach = { publicEndpoint: "192.0.2.1:30443", clusterDomain: "cluster.local" };
  const values = (keys: Readonly<Record<string, string>>): Record<string, string> =>
    Object.fromEntries(Object.keys(keys).map((key) => [key, "sample"]));
  const credentials = credentialRequests(workloads, cloud).map(({ name, keys }) => [name, values(keys)] as const);
  const hashes = certificateRequests(workloads, cloud, reach).map(({ name }) => [name, "sample"] as const);
  return {
    cloud,
    release: { name: "2025.1" },
    images: new Proxy({}, { get: (_target, name) => `sample/${String(name)}:sample` }),
    facts: {
      ...reach,
      credentials: Object.fromEntries(credentials),
      caCertificate: "sample",
      certificateHashes: Object.fromEntries(hashes),
      nodes: [{ name: "sample", internalIP: "192.0.2.1", pool: "sample", kvm: false }],
      clusterIPs: { "ovn-nb": "192.0.2.2", "ovn-sb": "192.0.2.3" },
    },
  };
}
