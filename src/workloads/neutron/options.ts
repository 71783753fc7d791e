import {
  apiClaims,
  BUS_CLAIMS,
  BUS_PRESETS,
  clientClaims,
  databaseClaims,
  databasePresets,
  pathClaims,
  SERVICE_TYPE_CLAIM,
  TOKEN_CLAIMS,
  TOKEN_PRESETS,
} from "../kit/claims.ts";
import type { OwnedOption, PresetOption, WorkloadOptions } from "../options-contract.ts";

const OVN: readonly OwnedOption[] = [
  { group: "DEFAULT", names: ["core_plugin"], why: "the Cloud's network is ML2 with OVN" },
  { group: "ml2", names: ["mechanism_drivers"], why: "the Cloud's network is ML2 with OVN" },
  { group: "ml2_type_geneve", names: ["max_header_size"], why: "OVN's tunnels need this room in each packet" },
  { group: "ovn", names: ["ovn_nb_connection", "ovn_sb_connection"], why: "they are the Cloud's OVN databases" },
  { group: "ovn", names: ["ovn_metadata_enabled"], why: "the nodes' metadata agents belong to the Cloud" },
];

const PRESETS: readonly PresetOption[] = [
  { group: "DEFAULT", names: ["service_plugins"], why: "routers are OVN's; keep ovn-router in a list of your own" },
  {
    group: "ml2",
    names: ["type_drivers", "tenant_network_types"],
    why: "projects get tunnels, administrators also flat networks and VLANs",
  },
  { group: "ml2", names: ["extension_drivers"], why: "ports are protected against addresses that are not theirs" },
  { group: "ml2_type_vlan", names: ["network_vlan_ranges"], why: "every VLAN of a provider network may be used" },
  { group: "ml2_type_geneve", names: ["vni_ranges"], why: "so many networks of projects may exist" },
  { group: "securitygroup", names: ["enable_security_group"], why: "guests are protected by security groups" },
  { group: "ovn", names: ["ovn_l3_scheduler"], why: "routers are spread over the nodes by load" },
  {
    group: "ovn",
    names: ["ovn_emit_need_to_frag"],
    why: "with the user-space datapath a router's port would drop large frames",
  },
];

export const options: WorkloadOptions = {
  service: "neutron",
  owned: [
    ...apiClaims("neutron"),
    ...TOKEN_CLAIMS,
    SERVICE_TYPE_CLAIM,
    ...databaseClaims(),
    ...BUS_CLAIMS,
    ...pathClaims(true),
    ...clientClaims("nova", "endpoint_type"),
    ...clientClaims("placement", "endpoint_type"),
    ...OVN,
    {
      group: "DEFAULT",
      names: ["api_workers", "rpc_workers"],
      why: "each process is a pod of its own, with its part of OVN's events",
      field: "spec.services.neutron.replicas",
    },
    {
      group: "DEFAULT",
      names: ["global_physnet_mtu"],
      why: "it is the largest packet of the physical network",
      field: "spec.network.mtu",
    },
    {
      group: "ml2",
      names: ["path_mtu"],
      why: "it is the largest packet of the physical network",
      field: "spec.network.mtu",
    },
    {
      group: "ml2_type_flat",
      names: ["flat_networks"],
      why: "they are the Cloud's provider networks",
      field: "spec.network.provider",
    },
  ],
  preset: [...TOKEN_PRESETS, ...databasePresets(), ...BUS_PRESETS, ...PRESETS],
};
