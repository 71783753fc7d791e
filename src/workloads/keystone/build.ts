import { resolveService } from "../../api/cloud.ts";
import { mergeIni, writeIni, type IniData } from "../../oslo/ini.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import { catalogInput } from "../kit/catalog.ts";
import {
  caDir,
  configDir,
  configLayers,
  contentSecret,
  credential,
  databaseUrl,
  policyLayer,
  secretDir,
  secretOptions,
  serviceHost,
  UID,
  userFiles,
  type Mounted,
  type Owner,
} from "../kit/index.ts";
import { API_BASE, DATABASE_BASE, pythonJob, scriptText, wsgiApi } from "../kit/wsgi.ts";

const PORT = 5000;
const FERNET_DIR = "/etc/keystone/fernet-keys";
const CREDENTIAL_DIR = "/etc/keystone/credential-keys";

/** keystone reads its keys for each token: a changed Secret is seen without a restart. */
const KEYS: IniData = {
  token: { provider: "fernet" },
  fernet_tokens: { key_repository: FERNET_DIR },
  fernet_receipts: { key_repository: FERNET_DIR },
  credential: { key_repository: CREDENTIAL_DIR },
};

/** All objects of keystone; none when it is disabled. */
export function build(input: BuildInput): readonly Manifest[] {
  const service = resolveService(input.cloud, "keystone");
  if (!service.enabled) return [];
  return [...database(input), ...api(input, service)];
}

function api(input: BuildInput, service: ReturnType<typeof resolveService>): readonly Manifest[] {
  const owner: Owner = { input, workload: "keystone", name: "keystone" };
  const policy = policyLayer("keystone", service);
  const layers = configLayers({
    owner,
    base: [API_BASE, KEYS, ownBase(input), policy.options],
    user: { service: "keystone", resolved: service, component: "api" },
    secret: [databaseSecret(input), secretOptions(input, service)],
    files: policy.files,
  });
  const mounted = [layers.mounted, caDir(), ...keyDirs(), ...userFiles(service)];
  const requests = { cpu: "25m", memory: "128Mi" };
  return [
    ...layers.objects,
    ...wsgiApi(owner, {
      uid: UID.keystone,
      port: PORT,
      health: "/healthcheck",
      module: scriptText(import.meta.url, "underpin_wsgi.py"),
      mounted,
      resources: { requests },
    }),
  ];
}

function ownBase(input: BuildInput): IniData {
  return {
    database: DATABASE_BASE,
    // What its hash can hold; with more keystone cuts passwords there and says so at each login.
    identity: { max_password_length: 72 },
    cache: {
      enabled: true,
      backend: "oslo_cache.memcache_pool",
      memcache_servers: [`${serviceHost(input, "memcached")}:11211`],
      // A cache that is away is asked again soon; meanwhile the database answers.
      memcache_dead_retry: 15,
    },
  };
}

function databaseSecret(input: BuildInput): IniData {
  return { database: { connection: databaseUrl(input, "keystone", "keystone") } };
}

/** Configured with what it reads and no more, so that other options do not run it again. */
function database(input: BuildInput): readonly Manifest[] {
  const owner: Owner = { input, workload: "keystone", name: "keystone-db" };
  const wanted = catalogInput(input);
  const passwords = wanted.users.map(({ name, credential: held }) => [name, credential(input, held, "password")]);
  const config = contentSecret(owner, "keystone-db", {
    "20-secret.conf": writeIni(mergeIni(KEYS, { database: DATABASE_BASE }, databaseSecret(input))),
    // A new password is a new Job, which sets the administrator's.
    "password-admin": credential(input, "keystone-admin", "password"),
    ...Object.fromEntries(passwords.map(([name, value]) => [`password-${name}`, value])),
  });
  const job = pythonJob(owner, {
    uid: UID.keystone,
    files: {
      "db.py": scriptText(import.meta.url, "db.py"),
      "seed.py": scriptText(import.meta.url, "seed.py"),
      "hashing.py": scriptText(import.meta.url, "hashing.py"),
      "catalog.json": JSON.stringify(wanted),
    },
    mounted: [secretDir("config", config.metadata.name, configDir("keystone")), caDir(), ...keyDirs()],
  });
  return [config, ...job];
}

function keyDirs(): readonly Mounted[] {
  return [
    secretDir("fernet-keys", "keystone-fernet", FERNET_DIR),
    secretDir("credential-keys", "keystone-credential-keys", CREDENTIAL_DIR),
  ];
}
