import { resolveService } from "../../api/cloud.ts";
import { mergeIni, type IniData } from "../../oslo/ini.ts";
import type { BuildInput } from "../contract.ts";
import { CA_FILE, credential, databaseUrl, internalUrl, secretOptions, transportUrl } from "../kit/index.ts";
import { API_BASE, DATABASE_BASE, tokenBase, tokenSecret } from "../kit/wsgi.ts";

/** Where neutron keeps what it writes. */
export const STATE_DIR = "/var/lib/neutron";

/** Addresses of OVN's databases, `tcp:10.96.1.2:6641`. */
export interface OvnConnections {
  readonly northbound: string;
  readonly southbound: string;
}

/** Options without secrets of all of neutron's processes. */
export function neutronBase(input: BuildInput, ovn: OvnConnections): IniData {
  return mergeIni(API_BASE, tokenBase(input, "neutron"), clientsBase(input), pluginBase(input, ovn), {
    DEFAULT: {
      state_path: STATE_DIR,
      core_plugin: "ml2",
      service_plugins: ["ovn-router"],
      // Part of how the processes share OVN's events: one server process in each pod, and no RPC server.
      api_workers: 1,
      rpc_workers: 0,
      global_physnet_mtu: input.cloud.spec.network.mtu,
    },
    database: DATABASE_BASE,
    keystone_authtoken: { service_type: "network" },
    oslo_concurrency: { lock_path: `${STATE_DIR}/lock` },
    oslo_messaging_notifications: { driver: "noop" },
    oslo_messaging_rabbit: {
      ssl: true,
      ssl_ca_file: CA_FILE,
      ssl_enforce_hostname_verification: true,
      rabbit_quorum_queue: true,
      heartbeat_in_pthread: false,
    },
  });
}

/** Secret values of all of neutron's processes; the user's `secretOptions` win. */
export function neutronSecret(input: BuildInput): IniData {
  const password = credential(input, "neutron-user", "password");
  return mergeIni(
    databaseSecret(input),
    tokenSecret(input, "neutron"),
    {
      DEFAULT: { transport_url: transportUrl(input, "neutron") },
      nova: { password },
      placement: { password },
    },
    secretOptions(input, resolveService(input.cloud, "neutron")),
  );
}

export function databaseSecret(input: BuildInput): IniData {
  return { database: { connection: databaseUrl(input, "neutron", "neutron") } };
}

/** nova is told of ports that changed; both by the gateway's address inside the cluster. */
function clientsBase(input: BuildInput): IniData {
  const client = {
    auth_type: "v3password",
    auth_url: internalUrl(input, "/identity/v3"),
    username: "neutron",
    user_domain_id: "default",
    project_name: "service",
    project_domain_id: "default",
    region_name: input.cloud.spec.region,
    endpoint_type: "internal",
    cafile: CA_FILE,
  };
  return { nova: client, placement: client };
}

function pluginBase(input: BuildInput, ovn: OvnConnections): IniData {
  const { mtu, provider } = input.cloud.spec.network;
  return {
    ml2: {
      mechanism_drivers: ["ovn"],
      type_drivers: ["local", "flat", "vlan", "geneve"],
      tenant_network_types: ["geneve"],
      extension_drivers: ["port_security"],
      path_mtu: mtu,
    },
    ml2_type_flat: { flat_networks: provider.map(({ name }) => name) },
    // For an administrator's networks: projects get geneve.
    ml2_type_vlan: { network_vlan_ranges: provider.map(({ name }) => name) },
    ml2_type_geneve: { vni_ranges: ["1:65536"], max_header_size: 38 },
    securitygroup: { enable_security_group: true },
    ovn: {
      ovn_nb_connection: ovn.northbound,
      ovn_sb_connection: ovn.southbound,
      ovn_l3_scheduler: "leastloaded",
      ovn_metadata_enabled: true,
      // With the user-space datapath and its large segments a router's port would drop frames of 64 KB.
      ovn_emit_need_to_frag: false,
    },
  };
}
