// For APIs with a single thread, which a request as a probe would harm; those with several are built by wsgi.ts.
import type { ResolvedService } from "../../api/cloud.ts";
import type { Manifest } from "../contract.ts";
import { componentReplicas, componentResources } from "./components.ts";
import { deployment, podDisruptionBudget } from "./controllers.ts";
import type { Layers } from "./layers.ts";
import type { Owner } from "./names.ts";
import { contentConfigMap, type Data } from "./objects.ts";
import { configMapDir, container, mountsOf, volumesOf, type Mounted } from "./pods.ts";
import { workerProbe, httpProbe, livenessProbe, startupProbe, tcpProbe } from "./probes.ts";
import type { Resources } from "./quantity.ts";
import { RELOAD_FILES } from "./reload.ts";
import type { EnvVar, Lifecycle, Probe } from "./types.ts";

/** Where the small modules are that load an application for the server. */
export const WSGI_DIR = "/opt/underpin-wsgi";

/** Port of the message bus with TLS, and of the database. */
export const BUS_PORT = 5671;
export const DATABASE_PORT = 3306;

/**
 * Command of the WSGI server. A kept connection may be closed just when a client sends its next request, so every
 * answer closes its own: then nothing is lost when a pod stops.
 */
export function granian(
  module: string,
  port: number,
  { workers, threads }: { readonly workers: number; readonly threads: number },
): readonly string[] {
  const options = { "--interface": "wsgi", "--host": "0.0.0.0", "--port": port, "--workers": workers };
  return [
    "/opt/openstack/bin/granian",
    ...Object.entries(options).flatMap(([name, value]) => [name, String(value)]),
    "--blocking-threads",
    String(threads),
    "--no-http1-keep-alive",
    "--no-access-log",
    `${module}:application`,
  ];
}

/** Before SIGTERM: until no gateway has the pod in its list any more (DNS answers are cached for up to 5 s). */
export const WSGI_DRAIN: Lifecycle = { preStop: { sleep: { seconds: 8 } } };
/** The drain, and then the requests that are under way. */
export const WSGI_GRACE_SECONDS = 90;

/**
 * The pod holds a connection to `port` somewhere: "worker deaf" and "bus down" both end it. Reads the kernel's list,
 * because a start of Python would cost more than the test is worth.
 */
export function connectedProbe(port: number): Probe {
  const hex = port.toString(16).toUpperCase().padStart(4, "0");
  const pattern = `^ *[0-9]+: [0-9A-F]+:[0-9A-F]+ [0-9A-F]+:${hex} 01 `;
  return workerProbe(["grep", "-qE", "-m1", pattern, "/proc/net/tcp", "/proc/net/tcp6"]);
}

export interface GranianApiOptions {
  readonly resolved: ResolvedService;
  readonly component: string;
  readonly uid: number;
  readonly port: number;
  /** Module of `modules` that has `application`. */
  readonly module: string;
  /** The service's own modules; parts of a service share them. */
  readonly modules: Data;
  readonly layers: Layers;
  /** What is mounted besides the modules. */
  readonly mounted: readonly Mounted[];
  readonly env: readonly EnvVar[];
  readonly workers: number;
  /** Where the Cloud says nothing. */
  readonly usual: Resources;
}

/** Deployment, disruption budget and modules of an API whose processes have one thread each; its Service is made beside it. */
export function granianApi(owner: Owner, options: GranianApiOptions): readonly Manifest[] {
  const { resolved, component, uid, port, usual } = options;
  const { workload, input } = owner;
  const replicas = componentReplicas(resolved, component);
  const modules = contentConfigMap({ ...owner, name: workload }, `${workload}-wsgi`, {
    ...options.modules,
    ...RELOAD_FILES,
  });
  const mounted = [...options.mounted, configMapDir("wsgi", modules.metadata.name, WSGI_DIR)];
  const server = container({
    name: component,
    image: input.images["openstack"] ?? "",
    command: granian(options.module, port, { workers: options.workers, threads: 1 }),
    env: options.env,
    ports: { http: port },
    mounts: mountsOf(mounted),
    resources: componentResources(resolved, component, usual),
    // The server listens before the application is loaded, so the first test is a request.
    startup: startupProbe(httpProbe(port, "/"), 300),
    readiness: tcpProbe(port),
    liveness: livenessProbe(tcpProbe(port)),
    lifecycle: WSGI_DRAIN,
  });
  return [
    ...options.layers.objects,
    modules,
    deployment(owner, {
      uid,
      placement: resolved.placement,
      replicas,
      graceSeconds: WSGI_GRACE_SECONDS,
      containers: [server],
      volumes: volumesOf(mounted),
    }),
    ...podDisruptionBudget(owner, replicas),
  ];
}
