import { resolveService } from "../../api/cloud.ts";
import type { Manifest } from "../contract.ts";
import {
  caDir,
  componentResources,
  configDir,
  connectedProbe,
  container,
  deployment,
  emptyDir,
  granianApi,
  LAYER_FILES,
  mountsOf,
  PYTHON_ENV,
  reloading,
  reloadModule,
  startupProbe,
  UID,
  userFiles,
  volumesOf,
  WSGI_DIR,
  type Layers,
  type Mounted,
  type Owner,
} from "../kit/index.ts";
import { scriptText } from "../kit/wsgi.ts";
import { STATE_DIR } from "./config.ts";

export const API_PORT = 9696;

/** neutron's processes look for files with fixed names, even when a directory is given: so its files are named. */
const ENV = [
  ...PYTHON_ENV,
  { name: "OS_NEUTRON_CONFIG_DIR", value: configDir("neutron") },
  { name: "OS_NEUTRON_CONFIG_FILES", value: LAYER_FILES.join(";") },
];

/** The network API. A pod has one process with one thread; more of both are more pods, each with its part of OVN's events. */
export function api(owner: Owner, layers: Layers): readonly Manifest[] {
  const file = "neutron_api.py";
  return granianApi(owner, {
    resolved: resolveService(owner.input.cloud, "neutron"),
    component: "api",
    uid: UID.neutron,
    port: API_PORT,
    module: "neutron_api",
    modules: { [file]: scriptText(import.meta.url, file) },
    layers,
    mounted: mounts(owner, layers),
    env: [...ENV, { name: "PYTHONPATH", value: WSGI_DIR }],
    workers: 1,
    usual: { requests: { cpu: "50m", memory: "192Mi" } },
  });
}

interface Worker {
  readonly component: string;
  readonly command: string;
  /** It is ready while it holds a connection to this port. */
  readonly port: number;
}

/**
 * A process that looks after things from time to time: one is enough, and for some minutes none is. The one for OVN takes
 * a lock there; it does its work again from the start, so it may be ended at any moment.
 */
export function worker(owner: Owner, layers: Layers, { component, command, port }: Worker): readonly Manifest[] {
  const { input } = owner;
  const neutron = resolveService(input.cloud, "neutron");
  const reload = reloadModule(owner);
  const mounted = [...mounts(owner, layers), reload.mounted];
  const connected = connectedProbe(port);
  const daemon = container({
    name: component,
    image: input.images["openstack"] ?? "",
    command: reloading("neutron", [`/opt/openstack/bin/${command}`]),
    env: ENV,
    mounts: mountsOf(mounted),
    // Hardly any share while others start: nobody waits for it.
    resources: componentResources(neutron, component, { requests: { cpu: "2m", memory: "160Mi" } }),
    startup: startupProbe(connected, 300),
    readiness: connected,
  });
  const pod = { ...podBase(owner), graceSeconds: 10, containers: [daemon], volumes: volumesOf(mounted) };
  return [...layers.objects, reload.object, deployment(owner, { ...pod, replicas: 1, strategy: "Recreate" })];
}

/** Configuration, certificate authority, the user's files, and a directory for locks. */
function mounts(owner: Owner, layers: Layers): readonly Mounted[] {
  const neutron = resolveService(owner.input.cloud, "neutron");
  return [layers.mounted, caDir(), emptyDir("state", STATE_DIR), ...userFiles(neutron)];
}

function podBase(owner: Owner) {
  return { uid: UID.neutron, placement: resolveService(owner.input.cloud, "neutron").placement };
}
