import { resolveService } from "../../api/cloud.ts";
import type { Manifest } from "../contract.ts";
import {
  BUS_PORT,
  componentReplicas,
  componentResources,
  configDir,
  connectedProbe,
  container,
  deployment,
  livenessProbe,
  mountsOf,
  podDisruptionBudget,
  PYTHON_ENV,
  reloading,
  reloadModule,
  startupProbe,
  statefulSet,
  tcpProbe,
  volumesOf,
  type Layers,
  type Owner,
} from "../kit/index.ts";
import { componentOf, mounts, podBase } from "./pods.ts";

/** Longer than nova's own graceful_shutdown_timeout, 60 s. */
const GRACE_SECONDS = 70;
const CONSOLE_PORT = 6080;

/**
 * Conductor or scheduler: takes its work from the message bus. In a StatefulSet, because a service's name is its
 * host's: pods with names of their own would leave a dead service behind with each rollout. What is asked of it while it
 * is replaced waits in its queue.
 */
export function worker(owner: Owner, layers: Layers): readonly Manifest[] {
  const { input } = owner;
  const component = componentOf(owner);
  const nova = resolveService(input.cloud, "nova");
  const replicas = componentReplicas(nova, component);
  const reload = reloadModule(owner);
  const mounted = [...mounts(owner, layers), reload.mounted];
  const connected = connectedProbe(BUS_PORT);
  const daemon = container({
    name: component,
    image: input.images["openstack"] ?? "",
    command: program(owner),
    env: PYTHON_ENV,
    mounts: mountsOf(mounted),
    resources: componentResources(nova, component, { requests: { cpu: "50m", memory: "128Mi" } }),
    startup: startupProbe(connected, 300),
    readiness: connected,
  });
  const pod = { ...podBase(owner), graceSeconds: GRACE_SECONDS, containers: [daemon] };
  return [
    ...layers.objects,
    reload.object,
    statefulSet(owner, { ...pod, replicas, volumes: volumesOf(mounted) }),
    ...podDisruptionBudget(owner, replicas),
  ];
}

function program(owner: Owner): readonly string[] {
  return reloading("nova", [`/opt/openstack/bin/${owner.name}`, "--config-dir", configDir("nova")]);
}

/** noVNC's page where the image has it; the web socket, which the dashboard and scripts use, in any case. */
const CONSOLE_COMMAND = `web=/usr/share/novnc
[ -d "$web" ] || web=
exec "$@" --web "$web"`;

/** The proxy between a browser and the guests' consoles. */
export function console(owner: Owner, layers: Layers): readonly Manifest[] {
  const { input } = owner;
  const component = componentOf(owner);
  const nova = resolveService(input.cloud, "nova");
  const replicas = componentReplicas(nova, component);
  const reload = reloadModule(owner);
  const mounted = [...mounts(owner, layers), reload.mounted];
  const listens = tcpProbe(CONSOLE_PORT, { periodSeconds: 5 });
  const proxy = container({
    name: component,
    image: input.images["openstack"] ?? "",
    command: ["sh", "-c", CONSOLE_COMMAND, "start", ...program(owner)],
    env: PYTHON_ENV,
    ports: { http: CONSOLE_PORT },
    mounts: mountsOf(mounted),
    // Hardly any share while others start: nobody has a console before there is a guest.
    resources: componentResources(nova, component, { requests: { cpu: "2m", memory: "96Mi" } }),
    startup: startupProbe(listens, 300),
    readiness: listens,
    liveness: livenessProbe(listens),
  });
  return [
    ...layers.objects,
    reload.object,
    deployment(owner, { ...podBase(owner), replicas, containers: [proxy], volumes: volumesOf(mounted) }),
    ...podDisruptionBudget(owner, replicas),
  ];
}
