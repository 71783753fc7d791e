import { profileDefaults, resolveService } from "../../api/cloud.ts";
import type { Manifest } from "../contract.ts";
import {
  componentReplicas,
  componentResources,
  configMapDir,
  container,
  contentConfigMap,
  deployment,
  granian,
  httpProbe,
  livenessProbe,
  mountsOf,
  podDisruptionBudget,
  PYTHON_ENV,
  RELOAD_FILES,
  startupProbe,
  tcpProbe,
  volumesOf,
  WSGI_DIR,
  WSGI_DRAIN,
  WSGI_GRACE_SECONDS,
  type Layers,
  type Owner,
} from "../kit/index.ts";
import { scriptText } from "../kit/wsgi.ts";
import { componentOf, mounts, podBase } from "./pods.ts";

const MODULES = ["nova_api.py", "nova_metadata.py"] as const;
const USUAL = { api: { cpu: "50m", memory: "160Mi" }, metadata: { cpu: "20m", memory: "128Mi" } } as const;

/** The compute API or the metadata service: a WSGI server on `port`. */
export function api(owner: Owner, layers: Layers, port: number): readonly Manifest[] {
  const { input } = owner;
  const component = componentOf(owner);
  const nova = resolveService(input.cloud, "nova");
  const replicas = componentReplicas(nova, component);
  const modules = contentConfigMap({ ...owner, name: "nova" }, "nova-wsgi", {
    ...Object.fromEntries(MODULES.map((name) => [name, scriptText(import.meta.url, name)])),
    ...RELOAD_FILES,
  });
  const mounted = [...mounts(owner, layers), configMapDir("wsgi", modules.metadata.name, WSGI_DIR)];
  const usual = { requests: component === "api" ? USUAL.api : USUAL.metadata };
  const server = container({
    name: component,
    image: input.images["openstack"] ?? "",
    // eventlet's hub belongs to one thread: nova in this release is not made for more. Further ones are processes.
    command: granian(owner.name.replace("-", "_"), port, {
      workers: profileDefaults(input.cloud.spec.profile).workers,
      threads: 1,
    }),
    env: [
      ...PYTHON_ENV,
      { name: "PYTHONPATH", value: WSGI_DIR },
      // The first file is the description of the pipeline; the layers come by the module's own --config-dir.
      { name: "OS_NOVA_CONFIG_DIR", value: "/opt/openstack/etc/nova" },
      { name: "OS_NOVA_CONFIG_FILES", value: "api-paste.ini" },
    ],
    ports: { http: port },
    mounts: mountsOf(mounted),
    resources: componentResources(nova, component, usual),
    // The server listens before the application is loaded, so the first test is a request.
    startup: startupProbe(httpProbe(port, "/"), 300),
    readiness: tcpProbe(port),
    liveness: livenessProbe(tcpProbe(port)),
    lifecycle: WSGI_DRAIN,
  });
  const pod = { ...podBase(owner), graceSeconds: WSGI_GRACE_SECONDS, containers: [server] };
  return [
    ...layers.objects,
    modules,
    deployment(owner, { ...pod, replicas, volumes: volumesOf(mounted) }),
    ...podDisruptionBudget(owner, replicas),
  ];
}
