// Configuration that all of nova's processes share, nova-compute's included; host-specific options are added elsewhere.
import { resolveService } from "../../api/cloud.ts";
import { mergeIni, type IniData, type IniGroup } from "../../oslo/ini.ts";
import type { BuildInput } from "../contract.ts";
import { CA_FILE, credential, databaseUrl, internalUrl, publicUrl, secretOptions, transportUrl } from "../kit/index.ts";
import { DATABASE_BASE, tokenBase, tokenSecret } from "../kit/wsgi.ts";

/** Where nova keeps what it writes. */
export const STATE_DIR = "/var/lib/nova";

/**
 * Options without secrets that every nova process has: message bus, identity, the other services, console.
 * A user's options are not in it: they are laid over it, by component.
 */
export function novaBase(input: BuildInput): IniData {
  return mergeIni(busBase(), clientsBase(input), {
    DEFAULT: { state_path: STATE_DIR, use_stderr: true },
    oslo_concurrency: { lock_path: `${STATE_DIR}/lock` },
    oslo_messaging_notifications: { driver: "noop" },
    // Old and new processes talk in the oldest one's version while a release is rolled out.
    upgrade_levels: { compute: "auto" },
    vnc: { enabled: true, novncproxy_base_url: publicUrl(input, "/console/vnc_lite.html") },
  });
}

/** Secrets that every nova process has, the user's `secretOptions` included. No database: nova-compute knows none. */
export function novaSecret(input: BuildInput): IniData {
  const password = credential(input, "nova-user", "password");
  return mergeIni(
    {
      DEFAULT: { transport_url: transportUrl(input, "nova") },
      placement: { password },
      neutron: { password },
      service_user: { password },
    },
    secretOptions(input, resolveService(input.cloud, "nova")),
  );
}

/** Further options of the control processes: everything but nova-compute. */
export function controlBase(input: BuildInput): IniData {
  return mergeIni(tokenBase(input, "nova"), {
    database: DATABASE_BASE,
    api_database: DATABASE_BASE,
    neutron: { service_metadata_proxy: true },
    keystone: { region_name: input.cloud.spec.region, valid_interfaces: "internal", cafile: CA_FILE },
    keystone_authtoken: { service_type: "compute" },
  });
}

/** Further secrets of the control processes. */
export function controlSecret(input: BuildInput): IniData {
  return mergeIni(databaseSecret(input), tokenSecret(input, "nova"), {
    neutron: { metadata_proxy_shared_secret: credential(input, "nova-metadata", "secret") },
  });
}

/** The databases' URLs. */
export function databaseSecret(input: BuildInput): IniData {
  return {
    database: { connection: databaseUrl(input, "nova", "nova") },
    api_database: { connection: databaseUrl(input, "nova", "nova_api") },
  };
}

function busBase(): IniData {
  return {
    oslo_messaging_rabbit: {
      ssl: true,
      ssl_ca_file: CA_FILE,
      ssl_enforce_hostname_verification: true,
      rabbit_quorum_queue: true,
      heartbeat_in_pthread: false,
    },
  };
}

/** Who nova is for the other services, and how it reaches them: by the gateway's address inside the cluster. */
function clientsBase(input: BuildInput): IniData {
  const { region } = input.cloud.spec;
  const client = { region_name: region, valid_interfaces: "internal", cafile: CA_FILE };
  const user = identity(input);
  const external = input.cloud.spec.network.provider[0]?.name;
  return {
    placement: { ...user, ...client },
    neutron: {
      ...user,
      ...client,
      ...(external === undefined ? {} : { default_floating_pool: external }),
    },
    // The user's own token, together with ours, is all that glance is shown.
    glance: client,
    service_user: { ...user, send_service_user_token: true },
  };
}

function identity(input: BuildInput): IniGroup {
  return {
    auth_type: "v3password",
    auth_url: internalUrl(input, "/identity/v3"),
    username: "nova",
    user_domain_id: "default",
    project_name: "service",
    project_domain_id: "default",
    cafile: CA_FILE,
  };
}
