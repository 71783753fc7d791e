import { resolveService, type ResolvedService } from "../../api/cloud.ts";
import { mergeIni, writeIni, type IniData } from "../../oslo/ini.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import {
  caDir,
  configDir,
  configLayers,
  contentSecret,
  databaseUrl,
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

const PORT = 8778;

/** All objects of placement; none when it is disabled. */
export function build(input: BuildInput): readonly Manifest[] {
  const service = resolveService(input.cloud, "placement");
  if (!service.enabled) return [];
  return [...database(input), ...api(input, service)];
}

function api(input: BuildInput, service: ResolvedService): readonly Manifest[] {
  const owner: Owner = { input, workload: "placement", name: "placement" };
  const policy = policyLayer("placement", service);
  const layers = configLayers({
    owner,
    base: [
      API_BASE,
      { placement_database: DATABASE_BASE, api: { auth_strategy: "keystone" } },
      tokenBase(input, "placement"),
      policy.options,
    ],
    user: { service: "placement", resolved: service, component: "api" },
    secret: [databaseSecret(input), tokenSecret(input, "placement"), secretOptions(input, service)],
    files: policy.files,
  });
  const requests = { cpu: "20m", memory: "112Mi" };
  return [
    ...layers.objects,
    ...wsgiApi(owner, {
      uid: UID.placement,
      port: PORT,
      health: "/",
      module: scriptText(import.meta.url, "underpin_wsgi.py"),
      mounted: [layers.mounted, caDir(), ...userFiles(service)],
      resources: { requests },
    }),
  ];
}

function databaseSecret(input: BuildInput): IniData {
  return { placement_database: { connection: databaseUrl(input, "placement", "placement") } };
}

/** Configured with what it reads and no more, so that other options do not run it again. */
function database(input: BuildInput): readonly Manifest[] {
  const owner: Owner = { input, workload: "placement", name: "placement-db" };
  const config = contentSecret(owner, "placement-db", {
    "20-secret.conf": writeIni(mergeIni({ placement_database: DATABASE_BASE }, databaseSecret(input))),
  });
  const job = pythonJob(owner, {
    uid: UID.placement,
    files: { "db.py": scriptText(import.meta.url, "db.py"), ...SCHEMA_FILES },
    mounted: [secretDir("config", config.metadata.name, configDir("placement")), caDir()],
  });
  return [config, ...job];
}
