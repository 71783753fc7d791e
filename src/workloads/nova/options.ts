import {
  apiClaims,
  BUS_CLAIMS,
  BUS_PRESETS,
  clientClaims,
  databaseClaims,
  databasePresets,
  pathClaims,
  reachClaims,
  SERVICE_TYPE_CLAIM,
  TOKEN_CLAIMS,
  TOKEN_PRESETS,
  userClaims,
} from "../kit/claims.ts";
import type { OwnedOption, WorkloadOptions } from "../options-contract.ts";

const CONSOLE: readonly OwnedOption[] = [
  {
    group: "vnc",
    names: ["novncproxy_base_url"],
    why: "it is the address of the Cloud's front door",
    field: "spec.endpoints",
  },
  { group: "vnc", names: ["novncproxy_host", "novncproxy_port"], why: "the gateway reaches the proxy there" },
];

const METADATA = "the metadata agents on the nodes ask nova, and both know the same secret";

export const options: WorkloadOptions = {
  service: "nova",
  owned: [
    ...apiClaims("nova"),
    ...TOKEN_CLAIMS,
    SERVICE_TYPE_CLAIM,
    ...databaseClaims(),
    ...databaseClaims("api_database"),
    ...BUS_CLAIMS,
    ...pathClaims(true),
    ...clientClaims("placement"),
    ...clientClaims("neutron"),
    ...reachClaims("glance"),
    ...reachClaims("keystone"),
    ...userClaims("service_user"),
    {
      group: "service_user",
      names: ["send_service_user_token"],
      why: "what a user asked for goes on when the user's token has ended meanwhile",
    },
    { group: "neutron", names: ["service_metadata_proxy", "metadata_proxy_shared_secret"], why: METADATA },
    {
      group: "DEFAULT",
      names: ["host"],
      why: "processes are known to nova by this name: on a node the node's, elsewhere their pod's or their API's",
    },
    {
      group: "api",
      names: ["glance_link_prefix"],
      why: "it is the address of the Cloud's front door",
      field: "spec.endpoints",
    },
    {
      group: "upgrade_levels",
      names: ["compute"],
      why: "old and new processes talk in the oldest one's version during a rollout",
    },
    ...CONSOLE,
  ],
  preset: [
    ...TOKEN_PRESETS,
    ...databasePresets(),
    ...databasePresets("api_database"),
    ...BUS_PRESETS,
    {
      group: "neutron",
      names: ["default_floating_pool"],
      why: "floating addresses come from the first network of spec.network.provider",
    },
    { group: "vnc", names: ["enabled"], why: "guests have consoles" },
    { group: "conductor", names: ["workers"], why: "a pod has one process; more of them are more replicas" },
    { group: "scheduler", names: ["workers"], why: "a pod has one process; more of them are more replicas" },
    {
      group: "scheduler",
      names: ["discover_hosts_in_cells_interval"],
      why: "a new node takes guests within seconds",
    },
    {
      group: "DEFAULT",
      names: ["periodic_fuzzy_delay"],
      why: "the scheduler looks for new nodes at once when it starts",
    },
  ],
};
