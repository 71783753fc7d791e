// A fixed BuildInput for tests of builders: no clock, no randomness, and secret values that a test can look for.
import { readCloud, type Cloud } from "../../src/api/cloud.ts";
import type { BuildInput, CredentialKind, Facts, Workload } from "../../src/workloads/contract.ts";

/** Every secret value of the fixed input contains this, so that a leak is found by looking for it. */
export const SECRET_MARK = "s3cr3tMark";

const IMAGES = ["debian", "openstack", "mariadb", "rabbitmq", "memcached", "ovn", "libvirt", "gateway", "operator"];

export const LAPTOP = {
  apiVersion: "underpin.dev/v1alpha1",
  kind: "Cloud",
  metadata: { name: "laptop", namespace: "laptop", uid: "00000000-0000-4000-8000-000000000001", generation: 1 },
  spec: {
    release: "2025.1",
    network: {
      provider: [
        {
          name: "public",
          interface: "ext0",
          cidr: "10.91.0.0/24",
          gateway: "10.91.0.1",
          pool: "10.91.0.100-10.91.0.200",
        },
      ],
    },
    compute: { pools: [{ name: "std" }] },
  },
};

/** A Cloud like the laptop's; `spec` is laid over its own, field by field of the first level. */
export function fixedCloud(spec: Readonly<Record<string, unknown>> = {}): Cloud {
  return readCloud({ ...LAPTOP, spec: { ...LAPTOP.spec, ...spec } });
}

const FACTS: Omit<Facts, "credentials"> = {
  caCertificate: "-----BEGIN CERTIFICATE-----\nMIIBfixed\n-----END CERTIFICATE-----\n",
  certificateHashes: { "gateway-tls": "0123456789", "mariadb-tls": "1234567890", "rabbitmq-tls": "2345678901" },
  nodes: [{ name: "n1", internalIP: "10.90.0.11", pool: "std", kvm: false }],
  publicEndpoint: "10.90.0.11:30443",
  clusterDomain: "cluster.local",
  clusterIPs: { "ovn-nb": "10.96.1.41", "ovn-sb": "10.96.1.42" },
};

/** The input of all builders, with a value for every credential that the workloads ask for. */
export function fixedInput(workloads: readonly Workload[], cloud: Cloud = fixedCloud()): BuildInput {
  const requests = workloads.flatMap((workload) => workload.credentials(cloud));
  return {
    cloud,
    release: { name: cloud.spec.release },
    images: Object.fromEntries(IMAGES.map((name) => [name, `underpin.local/${name}:0123456789abcdef`])),
    facts: {
      ...FACTS,
      credentials: Object.fromEntries(requests.map(({ name, keys }) => [name, values(name, keys)])),
    },
  };
}

function values(name: string, keys: Readonly<Record<string, CredentialKind>>): Record<string, string> {
  return Object.fromEntries(Object.keys(keys).map((key) => [key, `${SECRET_MARK}-${name}-${key}`]));
}
