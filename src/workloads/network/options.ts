import { helperClaims, pathClaims } from "../kit/claims.ts";
import type { WorkloadOptions } from "../options-contract.ts";

const METADATA = "the metadata agents on the nodes ask nova, and both know the same secret";

/** What neutron's metadata agent on the nodes has. */
export const options: WorkloadOptions = {
  service: "neutron",
  owned: [
    ...pathClaims(true),
    {
      group: "DEFAULT",
      names: ["nova_metadata_host", "nova_metadata_port", "metadata_proxy_shared_secret"],
      why: METADATA,
    },
    { group: "DEFAULT", names: ["metadata_workers"], why: "the agent serves a node in its own process" },
    { group: "agent", names: ["root_helper"], why: "the container is root on the node: there is no sudo in it" },
    ...helperClaims([
      "privsep",
      "privsep_conntrack",
      "privsep_dhcp_release",
      "privsep_link",
      "privsep_namespace",
      "privsep_ovs_vsctl",
    ]),
    { group: "ovs", names: ["ovsdb_connection"], why: "it is the socket of the node's Open vSwitch" },
    { group: "ovn", names: ["ovn_sb_connection"], why: "it is the Cloud's OVN database" },
  ],
  preset: [],
};
