import type { TakenRange } from "../api/findings.ts";

/** The ranges of a cluster on this machine, which no network of a Cloud may overlap. The provider network is the Cloud's own. */
export async function takenRanges(): Promise<readonly TakenRange[]> {
  const { DEFAULT_CONFIG } = await import("../underlay/config.ts");
  return [
    { cidr: DEFAULT_CONFIG.nodeCidr, what: "the nodes' network" },
    { cidr: DEFAULT_CONFIG.podCidr, what: "the pods' network" },
    { cidr: DEFAULT_CONFIG.serviceCidr, what: "the cluster's services" },
  ];
}
