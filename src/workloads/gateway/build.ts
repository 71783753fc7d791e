import { readFileSync } from "node:fs";
import { GROUP, nodesNamespace } from "../../api/names.ts";
import { profileDefaults, resolveService } from "../../api/cloud.ts";
import type { BuildInput, Manifest } from "../contract.ts";
import {
  caConfigMap,
  configMapDir,
  container,
  contentConfigMap,
  deployment,
  emptyDir,
  httpProbe,
  livenessProbe,
  metadata,
  mountsOf,
  podDisruptionBudget,
  secretDir,
  selectorLabels,
  service,
  serviceHost,
  startupProbe,
  UID,
  volumesOf,
  type Owner,
} from "../kit/index.ts";
import { enabledApis, type Api } from "./apis.ts";
import { DRAIN_SECONDS, haproxyConfig, HTTPS_PORT, METRICS_PORT, TLS_DIR } from "./haproxy.ts";

const CONFIG_DIR = "/etc/underpin/gateway";

/** All objects of the front door, and the Cloud's certificate authority for whoever must check a certificate. */
export function build(input: BuildInput): readonly Manifest[] {
  const owner: Owner = { input, workload: "gateway", name: "gateway" };
  const config = contentConfigMap(owner, "gateway-config", {
    "haproxy.cfg": configuration(input),
    "drain.sh": readFileSync(new URL("./scripts/drain.sh", import.meta.url), "utf8"),
  });
  const replicas = resolveService(input.cloud, "gateway").replicas;
  return [
    caConfigMap(input),
    caConfigMap(input, nodesNamespace(input.cloud.metadata.namespace)),
    config,
    service(owner, { ports: { https: 443 }, targets: { https: HTTPS_PORT } }),
    exposed({ ...owner, name: "gateway-public" }, owner),
    haproxy(owner, replicas, config.metadata.name),
    ...podDisruptionBudget(owner, replicas),
  ];
}

function configuration(input: BuildInput): string {
  const { cloud } = input;
  const nova = cloud.spec.services["nova"]?.enabled === true;
  return haproxyConfig({
    apis: enabledApis(cloud),
    threads: profileDefaults(cloud.spec.profile).workers,
    servers: (api: Api) => 2 * resolveService(cloud, api.service).replicas + 1,
    host: (name) => serviceHost(input, name),
    ...(nova ? { console: { host: serviceHost(input, "nova-novncproxy"), port: 6080 } } : {}),
  });
}

function haproxy(owner: Owner, replicas: number, config: string): Manifest {
  const { input } = owner;
  const mounted = [
    configMapDir("config", config, CONFIG_DIR, 0o555),
    secretDir("tls", certificateName(input), TLS_DIR),
    emptyDir("run", "/run/haproxy"),
  ];
  const healthy = httpProbe(METRICS_PORT, "/healthz", { periodSeconds: 2 });
  const proxy = container({
    name: "haproxy",
    image: input.images["gateway"] ?? "",
    command: ["haproxy", "-db", "-f", `${CONFIG_DIR}/haproxy.cfg`],
    ports: { https: HTTPS_PORT, metrics: METRICS_PORT },
    mounts: mountsOf(mounted),
    resources: { requests: { cpu: "20m", memory: "64Mi" } },
    startup: startupProbe(healthy, 30),
    readiness: healthy,
    liveness: livenessProbe(healthy),
    lifecycle: { preStop: { exec: { command: [`${CONFIG_DIR}/drain.sh`] } } },
  });
  return deployment(owner, {
    replicas,
    uid: UID.haproxy,
    graceSeconds: DRAIN_SECONDS + 10,
    placement: input.cloud.spec.placement,
    // HAProxy reads the certificate only at start.
    annotations: { [`${GROUP}/certificate`]: input.facts.certificateHashes["gateway-tls"] ?? "" },
    containers: [proxy],
    volumes: volumesOf(mounted),
  });
}

/** The user's own certificate, or the one of the Cloud's authority. */
function certificateName(input: BuildInput): string {
  return input.cloud.spec.endpoints.tls?.secretRef.name ?? "gateway-tls";
}

/** How users reach the front door from outside of the cluster. */
function exposed(owner: Owner, gateway: Owner): Manifest {
  const { type, nodePort } = owner.input.cloud.spec.endpoints.exposure;
  const options = { ports: { https: 443 }, targets: { https: HTTPS_PORT }, selector: selectorLabels(gateway) };
  if (type === "NodePort") return service(owner, { ...options, nodePorts: { https: nodePort } });
  const plain = service(owner, options);
  return { ...plain, metadata: metadata(owner), spec: { ...(plain["spec"] as object), type: "LoadBalancer" } };
}
