import type { BuildInput, Manifest } from "../contract.ts";
import { container, deployment, service, tcpProbe, UID, type Owner } from "../kit/index.ts";

const PORT = 11211;
/** Tokens and answers of keystone: 64 MiB hold hundreds of thousands. */
const MEMORY_MIB = 64;

/** All objects of the cache. What it holds is made anew by whoever misses it. */
export function build(input: BuildInput): readonly Manifest[] {
  const owner: Owner = { input, workload: "memcached", name: "memcached" };
  const memcached = container({
    name: "memcached",
    image: input.images["memcached"] ?? "",
    // No UDP: it is what amplification attacks use. One thread serves a hundred thousand requests a second.
    command: ["memcached", "-m", String(MEMORY_MIB), "-p", String(PORT), "-U", "0", "-c", "4096", "-t", "1"],
    ports: { memcache: PORT },
    resources: { requests: { cpu: "10m", memory: "32Mi" } },
    readiness: tcpProbe(PORT, { periodSeconds: 2 }),
    liveness: tcpProbe(PORT, { periodSeconds: 10, timeoutSeconds: 10, failureThreshold: 6 }),
  });
  return [
    service(owner, { ports: { memcache: PORT } }),
    deployment(owner, {
      replicas: 1,
      uid: UID.memcached,
      placement: input.cloud.spec.placement,
      containers: [memcached],
    }),
  ];
}
