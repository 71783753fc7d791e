// What the APIs behind the application server have in common.
import { readFileSync } from "node:fs";
import { profileDefaults, resolveService, type ResolvedService } from "../../api/cloud.ts";
import type { IniData } from "../../oslo/ini.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import { credential, internalUrl, publicUrl, serviceHost } from "./addresses.ts";
import { deployment, job, podDisruptionBudget, service } from "./controllers.ts";
import type { Owner } from "./names.ts";
import { CA_FILE, contentConfigMap, type Data } from "./objects.ts";
import { configMapDir, container, mountsOf, PYTHON_ENV, volumesOf, type Mounted } from "./pods.ts";
import { httpProbe, livenessProbe, startupProbe } from "./probes.ts";
import type { Resources } from "./quantity.ts";
import { RELOAD_FILES } from "./reload.ts";
import type { Container } from "./types.ts";

/** Where the Python modules of ours are. */
const MODULE_DIR = "/opt/underpin-wsgi";
const BIN = "/opt/openstack/bin";
const DRAIN_FILE = "/tmp/drain";
/** Longer than the gateway takes to see that a server is leaving: its check's interval times its `fall`, and its names' age. */
const DRAIN_SECONDS = 6;

/** Text of the file `scripts/<file>` beside the module whose `import.meta.url` is given. */
export function scriptText(moduleUrl: string, file: string): string {
  return readFileSync(new URL(`scripts/${file}`, moduleUrl), "utf8");
}

export interface WsgiApiOptions {
  readonly uid: number;
  readonly port: number;
  /** Path that answers 2xx without a token, 503 while the pod drains. */
  readonly health: string;
  /** Text of the module `underpin_wsgi`, which has `application`. */
  readonly module: string;
  readonly mounted: readonly Mounted[];
  readonly resources: Resources;
  /** Seconds for the requests that are under way when the pod leaves. Default 60. */
  readonly graceSeconds?: number;
}

/** Deployment, headless Service, disruption budget and the ConfigMap of the API's Python modules. */
export function wsgiApi(owner: Owner, options: WsgiApiOptions): readonly Manifest[] {
  const modules = contentConfigMap(owner, `${owner.name}-wsgi`, {
    "underpin_wsgi.py": options.module,
    "underpin_drain.py": scriptText(import.meta.url, "underpin_drain.py"),
    ...RELOAD_FILES,
  });
  const mounted = [...options.mounted, configMapDir("wsgi", modules.metadata.name, MODULE_DIR)];
  const { placement, replicas } = apiComponent(owner.input, owner.workload);
  return [
    modules,
    service(owner, { ports: { api: options.port }, headless: true }),
    deployment(owner, {
      replicas,
      uid: options.uid,
      graceSeconds: DRAIN_SECONDS + (options.graceSeconds ?? 60),
      placement,
      containers: [apiContainer(owner, options, mounted)],
      volumes: volumesOf(mounted),
    }),
    ...podDisruptionBudget(owner, replicas),
  ];
}

function apiContainer(owner: Owner, options: WsgiApiOptions, mounted: readonly Mounted[]): Container {
  const { input } = owner;
  const probe = httpProbe(options.port, options.health);
  return container({
    name: "api",
    image: input.images["openstack"] ?? "",
    // A container that starts again in the same pod must not find the mark of the one before.
    command: ["/bin/sh", "-c", `rm -f ${DRAIN_FILE}; exec "$@"`, "start", ...serverCommand(input, options.port)],
    env: [...PYTHON_ENV, { name: "PYTHONPATH", value: MODULE_DIR }],
    ports: { api: options.port },
    mounts: mountsOf(mounted),
    resources: apiComponent(input, owner.workload).resources ?? options.resources,
    startup: startupProbe(probe, 180),
    readiness: probe,
    liveness: livenessProbe(probe),
    lifecycle: {
      preStop: { exec: { command: ["/bin/sh", "-c", `touch ${DRAIN_FILE}; sleep ${DRAIN_SECONDS}`] } },
    },
  });
}

/** Without keep-alive: a connection that is used again just when its server leaves fails a request. */
function serverCommand(input: BuildInput, port: number): readonly string[] {
  const { workers, threads } = profileDefaults(input.cloud.spec.profile);
  const server = `${BIN}/granian --interface wsgi --host 0.0.0.0 --port ${port}`;
  const size = `--workers ${workers} --blocking-threads ${threads}`;
  return `${server} ${size} --no-http1-keep-alive --no-access-log underpin_wsgi:application`.split(" ");
}

/** The service with what its component `api` has of its own. */
export function apiComponent(input: BuildInput, workload: string): ResolvedService {
  const resolved = resolveService(input.cloud, workload);
  const own = resolved.components.find(({ name }) => name === "api");
  return {
    ...resolved,
    replicas: own?.replicas ?? resolved.replicas,
    resources: own?.resources ?? resolved.resources,
  };
}

export interface PythonJobOptions {
  readonly uid: number;
  /** Files beside each other; `db.py` is run. It finds `underpin_schema`, too: an interrupted first run begins anew. */
  readonly files: Data;
  readonly mounted: readonly Mounted[];
}

/** A Job that runs `db.py`, which makes a schema, in the OpenStack image, and the ConfigMap with its files. */
export function pythonJob(owner: Owner, options: PythonJobOptions): readonly Manifest[] {
  const schema = { "underpin_schema.py": scriptText(import.meta.url, "underpin_schema.py") };
  const scripts = contentConfigMap(owner, owner.name, { ...schema, ...options.files });
  const mounted = [...options.mounted, configMapDir("scripts", scripts.metadata.name, "/opt/underpin")];
  return [
    scripts,
    job(owner, {
      uid: options.uid,
      placement: resolveService(owner.input.cloud, owner.workload).placement,
      containers: [
        container({
          name: "db",
          image: owner.input.images["openstack"] ?? "",
          command: [`${BIN}/python`, "/opt/underpin/db.py"],
          env: PYTHON_ENV,
          mounts: mountsOf(mounted),
          resources: { requests: { cpu: "50m", memory: "128Mi" } },
        }),
      ],
      volumes: volumesOf(mounted),
    }),
  ];
}

/** What every API says about its log and the gateway before it. */
export const API_BASE: IniData = {
  DEFAULT: { use_stderr: true },
  // The gateway sets scheme, host and the prefix that it has taken away: links come out as users reach them.
  oslo_middleware: { enable_proxy_headers_parsing: true },
};

/** How often and how long a database is asked for a connection; oslo's ten seconds between attempts would delay each start. */
export const DATABASE_BASE = { connection_recycle_time: 280, max_retries: 120, retry_interval: 1 };

/** How the API of `workload` checks its callers' tokens; the password and the cache's key stand in the secret layer. */
export function tokenBase(input: BuildInput, workload: string): IniData {
  return {
    keystone_authtoken: {
      www_authenticate_uri: publicUrl(input, "/identity/v3"),
      auth_url: internalUrl(input, "/identity/v3"),
      auth_type: "v3password",
      cafile: CA_FILE,
      interface: "internal",
      region_name: input.cloud.spec.region,
      username: workload,
      user_domain_id: "default",
      project_name: "service",
      project_domain_id: "default",
      service_token_roles: ["service"],
      service_token_roles_required: true,
      memcached_servers: [`${serviceHost(input, "memcached")}:11211`],
      memcache_security_strategy: "ENCRYPT",
    },
  };
}

export function tokenSecret(input: BuildInput, workload: string): IniData {
  return {
    keystone_authtoken: {
      password: credential(input, `${workload}-user`, "password"),
      memcache_secret_key: credential(input, `${workload}-cache`, "key"),
    },
  };
}
