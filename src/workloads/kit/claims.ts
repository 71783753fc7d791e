// What the services' options have in common: the same parts that wsgi.ts and layers.ts write, as the user sees them.
import type { OwnedOption, PresetOption } from "../options-contract.ts";

/** Where a process has its configuration from, and where its log goes. */
export const PROCESS_CLAIMS: readonly OwnedOption[] = [
  { group: "DEFAULT", names: ["use_stderr"], why: "`underpin logs` reads what the process writes there" },
  {
    group: "DEFAULT",
    names: ["log_file", "log_dir"],
    why: "a container's root file system cannot be written, and `underpin logs` reads standard error",
    unwritten: true,
  },
  {
    group: "DEFAULT",
    names: ["config_file", "config_dir"],
    why: "a process reads the files that Underpin gives it",
    unwritten: true,
  },
];

/** What `API_BASE` and `policyLayer` write. */
export function apiClaims(service: string): readonly OwnedOption[] {
  return [
    ...PROCESS_CLAIMS,
    {
      group: "oslo_middleware",
      names: ["enable_proxy_headers_parsing"],
      why: "the gateway tells by these headers how users reach the API",
    },
    {
      group: "oslo_policy",
      names: ["policy_file"],
      why: "the file holds the rules of the Cloud",
      field: `spec.services.${service}.policy`,
    },
  ];
}

/** How the service is known to keystone and checks its callers' tokens: `tokenBase` and `tokenSecret`. */
export const TOKEN_CLAIMS: readonly OwnedOption[] = [
  {
    group: "keystone_authtoken",
    names: ["www_authenticate_uri", "auth_url"],
    why: "it is the address of the Cloud's front door",
    field: "spec.endpoints",
  },
  {
    group: "keystone_authtoken",
    names: ["region_name"],
    why: "it is the Cloud's region",
    field: "spec.region",
  },
  {
    group: "keystone_authtoken",
    names: ["auth_type", "username", "user_domain_id", "project_name", "project_domain_id", "password"],
    why: "the service's user and password are made by Underpin",
  },
  {
    group: "keystone_authtoken",
    names: ["interface", "cafile"],
    why: "services reach each other inside the cluster, with certificates of the Cloud's own authority",
  },
  {
    group: "keystone_authtoken",
    names: ["memcached_servers", "memcache_secret_key"],
    why: "the Cloud's memcached keeps tokens, encrypted by a key of the service's own",
  },
  {
    group: "keystone_authtoken",
    names: ["service_token_roles", "service_token_roles_required"],
    why: "the services prove by this role that they ask on a user's behalf",
  },
];

/** Of the services that tell the kind of API that their users' access rules are about. */
export const SERVICE_TYPE_CLAIM: OwnedOption = {
  group: "keystone_authtoken",
  names: ["service_type"],
  why: "it is the service's type in the Cloud's catalogue",
};

export const TOKEN_PRESETS: readonly PresetOption[] = [
  {
    group: "keystone_authtoken",
    names: ["memcache_security_strategy"],
    why: "tokens in memcached are encrypted",
  },
];

/** Options of a database, whose group is the service's own choice. */
export function databaseClaims(group = "database"): readonly OwnedOption[] {
  return [
    {
      group,
      names: ["connection"],
      why: "the database's address, user and password are Underpin's",
      field: "spec.database",
    },
  ];
}

/** What `DATABASE_BASE` sets. */
export function databasePresets(group = "database"): readonly PresetOption[] {
  return [
    {
      group,
      names: ["connection_recycle_time"],
      why: "connections are given up before what stands between closes them",
    },
    {
      group,
      names: ["max_retries", "retry_interval"],
      why: "a service that starts before its database asks often, and for two minutes",
    },
  ];
}

/** The message bus of a service with processes of its own. */
export const BUS_CLAIMS: readonly OwnedOption[] = [
  {
    group: "DEFAULT",
    names: ["transport_url"],
    why: "the message bus's address, user and password are Underpin's",
    field: "spec.messaging",
  },
  {
    group: "oslo_messaging_rabbit",
    names: ["ssl", "ssl_ca_file", "ssl_enforce_hostname_verification"],
    why: "the message bus speaks TLS, with a certificate of the Cloud's own authority",
  },
  {
    group: "oslo_messaging_rabbit",
    names: ["rabbit_quorum_queue"],
    why: "a queue keeps the type with which it was made, and refuses who expects another",
  },
  {
    group: "oslo_messaging_rabbit",
    names: ["heartbeat_in_pthread"],
    why: "each kind of process needs another value: the wrong one loses connections or blocks the process",
  },
];

export const BUS_PRESETS: readonly PresetOption[] = [
  { group: "oslo_messaging_notifications", names: ["driver"], why: "nobody in the Cloud listens to notifications" },
];

/** Options of a client with a user of its own for another service: `group` names that service, `interfaces` an option. */
export function clientClaims(group: string, interfaces = "valid_interfaces"): readonly OwnedOption[] {
  return [...userClaims(group), ...reachClaims(group, interfaces)];
}

/** Who the service is for another one. */
export function userClaims(group: string): readonly OwnedOption[] {
  return [
    {
      group,
      names: ["auth_type", "username", "user_domain_id", "project_name", "project_domain_id", "password"],
      why: "the service's user and password are made by Underpin",
    },
    { group, names: ["auth_url", "cafile"], why: "services reach each other by the gateway inside the cluster" },
  ];
}

/** How another service is reached. */
export function reachClaims(group: string, interfaces = "valid_interfaces"): readonly OwnedOption[] {
  return [
    { group, names: ["region_name"], why: "it is the Cloud's region", field: "spec.region" },
    {
      group,
      names: [interfaces, "cafile"],
      why: "services reach each other by the gateway inside the cluster",
    },
  ];
}

/** Groups of privileged helpers, which are started without sudo. */
export function helperClaims(groups: readonly string[]): readonly OwnedOption[] {
  return groups.map((group) => ({
    group,
    names: ["helper_command"],
    why: "the container is root on the node: there is no sudo in it",
  }));
}

/** Where the service keeps locks; `statePath` when it has a directory of its own. */
export function pathClaims(statePath: boolean): readonly OwnedOption[] {
  return [
    { group: "oslo_concurrency", names: ["lock_path"], why: "it is a volume of the pod" },
    ...(statePath ? [{ group: "DEFAULT", names: ["state_path"], why: "it is a volume of the pod" }] : []),
  ];
}
