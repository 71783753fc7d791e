import { resolveService } from "../../api/cloud.ts";
import { mergeIni, writeIni, type IniData } from "../../oslo/ini.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import { databaseUrl } from "./addresses.ts";
import { configDir, configLayers, policyLayer, secretOptions, userFiles } from "./layers.ts";
import type { Owner } from "./names.ts";
import { contentSecret } from "./objects.ts";
import { caDir, secretDir, type Mounted } from "./pods.ts";
import type { Resources } from "./quantity.ts";
import {
  API_BASE,
  DATABASE_BASE,
  pythonJob,
  scriptText,
  tokenBase,
  tokenSecret,
  wsgiApi,
  type WsgiApiOptions,
} from "./wsgi.ts";

export interface TokenApiOptions extends Pick<WsgiApiOptions, "uid" | "port" | "health" | "graceSeconds"> {
  /** `import.meta.url` of the workload's builder: beside it are `scripts/underpin_wsgi.py` and `scripts/db.py`. */
  readonly from: string;
  /** Group of the database's options. */
  readonly databaseGroup: string;
  /** The service's own options. */
  readonly base: readonly IniData[];
  /** What is mounted besides configuration, authority and the user's files. */
  readonly mounted?: readonly Mounted[];
  /** Further objects, which its pods use. */
  readonly objects?: readonly Manifest[];
  readonly resources: Resources;
}

/** An API with a database of its own, which asks keystone for its callers: its schema's Job and the API; none when disabled. */
export function tokenApi(input: BuildInput, workload: string, options: TokenApiOptions): readonly Manifest[] {
  const service = resolveService(input.cloud, workload);
  if (!service.enabled) return [];
  const owner: Owner = { input, workload, name: workload };
  const policy = policyLayer(workload, service);
  const layers = configLayers({
    owner,
    base: [API_BASE, ...options.base, database(options), tokenBase(input, workload), policy.options],
    user: { service: workload, resolved: service, component: "api" },
    secret: [connection(input, workload, options), tokenSecret(input, workload), secretOptions(input, service)],
    files: policy.files,
  });
  const { uid, port, health, resources, graceSeconds } = options;
  return [
    ...schemaJob(input, workload, options),
    ...layers.objects,
    ...(options.objects ?? []),
    ...wsgiApi(owner, {
      uid,
      port,
      health,
      module: scriptText(options.from, "underpin_wsgi.py"),
      mounted: [layers.mounted, caDir(), ...(options.mounted ?? []), ...userFiles(service)],
      resources,
      ...(graceSeconds === undefined ? {} : { graceSeconds }),
    }),
  ];
}

function database({ databaseGroup }: TokenApiOptions): IniData {
  return { [databaseGroup]: DATABASE_BASE };
}

function connection(input: BuildInput, workload: string, { databaseGroup }: TokenApiOptions): IniData {
  return { [databaseGroup]: { connection: databaseUrl(input, workload, workload) } };
}

/** Configured with what it reads and no more, so that other options do not run it again. */
function schemaJob(input: BuildInput, workload: string, options: TokenApiOptions): readonly Manifest[] {
  const owner: Owner = { input, workload, name: `${workload}-db` };
  const config = contentSecret(owner, `${workload}-db`, {
    "20-secret.conf": writeIni(mergeIni(database(options), connection(input, workload, options))),
  });
  const job = pythonJob(owner, {
    uid: options.uid,
    files: { "db.py": scriptText(options.from, "db.py") },
    mounted: [secretDir("config", config.metadata.name, configDir(workload)), caDir()],
  });
  return [config, ...job];
}
