import { ownFields, resolveService, type ResolvedService } from "../../api/cloud.ts";
import { mergeIni, writeIni, type IniData } from "../../oslo/ini.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import {
  caDir,
  claimDir,
  configDir,
  configLayers,
  contentSecret,
  databaseUrl,
  persistentVolumeClaim,
  policyLayer,
  secretDir,
  secretOptions,
  UID,
  userFiles,
  type Owner,
} from "../kit/index.ts";
import {
  API_BASE,
  DATABASE_BASE,
  pythonJob,
  SCHEMA_FILES,
  scriptText,
  tokenBase,
  tokenSecret,
  wsgiApi,
} from "../kit/wsgi.ts";
import { fields } from "./spec.ts";

const PORT = 9292;
const DATA_DIR = "/var/lib/glance";
const CLAIM = "glance-images";

/** All objects of glance; none when it is disabled. */
export function build(input: BuildInput): readonly Manifest[] {
  const service = resolveService(input.cloud, "glance");
  if (!service.enabled) return [];
  return [...database(input), ...api(input, service)];
}

function api(input: BuildInput, service: ResolvedService): readonly Manifest[] {
  const owner: Owner = { input, workload: "glance", name: "glance" };
  const policy = policyLayer("glance", service);
  const layers = configLayers({
    owner,
    base: [API_BASE, ownBase(), tokenBase(input, "glance"), policy.options],
    user: { service: "glance", resolved: service, component: "api" },
    secret: [databaseSecret(input), tokenSecret(input, "glance"), secretOptions(input, service)],
    files: policy.files,
  });
  const { storage } = ownFields(input.cloud, "glance", fields);
  const requests = { cpu: "20m", memory: "160Mi" };
  return [
    ...layers.objects,
    persistentVolumeClaim(owner, CLAIM, storage),
    ...wsgiApi(owner, {
      uid: UID.glance,
      port: PORT,
      health: "/healthcheck",
      module: scriptText(import.meta.url, "underpin_wsgi.py"),
      mounted: [layers.mounted, caDir(), claimDir("images", CLAIM, DATA_DIR), ...userFiles(service)],
      resources: { requests },
      // Somebody's image may be on its way.
      graceSeconds: 300,
    }),
  ];
}

function ownBase(): IniData {
  return {
    DEFAULT: { enabled_backends: { local: "file" } },
    database: DATABASE_BASE,
    glance_store: { default_backend: "local" },
    local: { filesystem_store_datadir: `${DATA_DIR}/images` },
    os_glance_staging_store: { filesystem_store_datadir: `${DATA_DIR}/staging` },
    os_glance_tasks_store: { filesystem_store_datadir: `${DATA_DIR}/tasks` },
    oslo_concurrency: { lock_path: "/tmp" },
    paste_deploy: { flavor: "keystone", config_file: "/opt/openstack/etc/glance/glance-api-paste.ini" },
  };
}

function databaseSecret(input: BuildInput): IniData {
  return { database: { connection: databaseUrl(input, "glance", "glance") } };
}

/** Configured with what it reads and no more, so that other options do not run it again. */
function database(input: BuildInput): readonly Manifest[] {
  const owner: Owner = { input, workload: "glance", name: "glance-db" };
  const config = contentSecret(owner, "glance-db", {
    "20-secret.conf": writeIni(mergeIni({ database: DATABASE_BASE }, databaseSecret(input))),
  });
  const job = pythonJob(owner, {
    uid: UID.glance,
    files: { "db.py": scriptText(import.meta.url, "db.py"), ...SCHEMA_FILES },
    mounted: [secretDir("config", config.metadata.name, configDir("glance")), caDir()],
  });
  return [config, ...job];
}
