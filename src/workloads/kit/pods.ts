import type { ResolvedService } from "../../api/cloud.ts";
import { labels, selectorLabels, type Owner } from "./names.ts";
import { CA_CONFIG_MAP } from "./objects.ts";
import { canonicalResources, type Resources } from "./quantity.ts";
import { PRIVILEGED_CONTAINER, RESTRICTED_CONTAINER, restrictedPod } from "./security.ts";
import type {
  Container,
  EnvVar,
  Lifecycle,
  PodSpec,
  PodTemplate,
  Probe,
  SecurityContext,
  Toleration,
  Volume,
  VolumeMount,
} from "./types.ts";

/** Environment of every Python process. */
export const PYTHON_ENV: readonly EnvVar[] = [
  // eventlet's own resolver asks every short name of the upstream servers too: seconds in each process when they are dead.
  { name: "EVENTLET_NO_GREENDNS", value: "yes" },
  { name: "PYTHONUNBUFFERED", value: "1" },
  { name: "PYTHONDONTWRITEBYTECODE", value: "1" },
  { name: "LANG", value: "C.UTF-8" },
  { name: "HOME", value: "/tmp" },
];

/** A volume together with where it is mounted. */
export interface Mounted {
  readonly volume: Volume;
  readonly mount: VolumeMount;
}

export interface ContainerOptions {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly env?: readonly EnvVar[];
  /** Container ports by name. */
  readonly ports?: Readonly<Record<string, number>>;
  readonly mounts?: readonly VolumeMount[];
  readonly resources?: Resources;
  readonly startup?: Probe;
  readonly readiness?: Probe;
  readonly liveness?: Probe;
  readonly lifecycle?: Lifecycle;
  /** Default: restricted. */
  readonly security?: SecurityContext;
}

export function container(options: ContainerOptions): Container {
  const ports = Object.entries(options.ports ?? {});
  const security = options.security ?? RESTRICTED_CONTAINER;
  return {
    name: options.name,
    image: options.image,
    imagePullPolicy: "IfNotPresent",
    command: [...options.command],
    ...given("env", [...(options.env ?? [])]),
    ...(ports.length === 0
      ? {}
      : { ports: ports.map(([name, containerPort]) => ({ name, containerPort, protocol: "TCP" })) }),
    resources: canonicalResources(options.resources ?? {}),
    volumeMounts: [{ name: "tmp", mountPath: "/tmp" }, ...(options.mounts ?? [])],
    ...(options.startup === undefined ? {} : { startupProbe: options.startup }),
    ...(options.readiness === undefined ? {} : { readinessProbe: options.readiness }),
    ...(options.liveness === undefined ? {} : { livenessProbe: options.liveness }),
    ...(options.lifecycle === undefined ? {} : { lifecycle: options.lifecycle }),
    securityContext: security,
    // Status then shows the last lines of the log of a container that died.
    terminationMessagePolicy: "FallbackToLogsOnError",
  };
}

/** A container of the nodes namespace that must touch the host. */
export function privilegedContainer(options: ContainerOptions): Container {
  return container({ ...options, security: PRIVILEGED_CONTAINER });
}

export interface PodOptions {
  /** User id of a restricted pod; absent for the privileged pods of the nodes namespace. */
  readonly uid?: number;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly volumes?: readonly Volume[];
  /** Seconds from SIGTERM (after preStop has started) to SIGKILL. Default 30. */
  readonly graceSeconds?: number;
  readonly hostNetwork?: boolean;
  readonly hostPID?: boolean;
  readonly placement?: Placement;
  readonly annotations?: Readonly<Record<string, string>>;
  /** The pod may use the Kubernetes API with this service account; else no token is mounted. */
  readonly serviceAccountName?: string;
}

/** Where pods may run: the shape of the Cloud's `placement`. */
export type Placement = ResolvedService["placement"];

export function podTemplate(owner: Owner, options: PodOptions): PodTemplate {
  return {
    metadata: { labels: labels(owner), ...given("annotations", options.annotations) },
    spec: podSpec(owner, options),
  };
}

function podSpec(owner: Owner, options: PodOptions): PodSpec {
  const account = options.serviceAccountName;
  return {
    enableServiceLinks: false,
    automountServiceAccountToken: account !== undefined,
    ...(account === undefined ? {} : { serviceAccountName: account }),
    ...(options.uid === undefined ? {} : { securityContext: restrictedPod(options.uid) }),
    ...(options.hostNetwork === true ? { hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" } : {}),
    ...(options.hostPID === true ? { hostPID: true } : {}),
    terminationGracePeriodSeconds: options.graceSeconds ?? 30,
    ...placementFields(owner, options),
    ...given("initContainers", [...(options.initContainers ?? [])]),
    containers: [...options.containers],
    volumes: [{ name: "tmp", emptyDir: {} }, ...(options.volumes ?? [])],
  };
}

function placementFields(owner: Owner, { placement = {}, hostNetwork }: PodOptions): Partial<PodSpec> {
  const spread = placement.topologySpread ?? "Zone";
  return {
    ...given("nodeSelector", placement.nodeSelector),
    ...given("tolerations", placement.tolerations?.map(toleration)),
    ...(placement.priorityClassName ? { priorityClassName: placement.priorityClassName } : {}),
    ...(hostNetwork === true || spread === "None" ? {} : { topologySpreadConstraints: spreadOver(owner, spread) }),
  };
}

type CloudToleration = NonNullable<NonNullable<Placement>["tolerations"]>[number];

function toleration(item: CloudToleration): Toleration {
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value !== undefined && value !== ""));
}

function spreadOver(owner: Owner, spread: "Zone" | "Node") {
  const keys =
    spread === "Zone" ? ["topology.kubernetes.io/zone", "kubernetes.io/hostname"] : ["kubernetes.io/hostname"];
  return keys.map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels: selectorLabels(owner) },
  }));
}

/** A mounted directory of the pod's own, empty at its start. */
export function emptyDir(name: string, mountPath: string): Mounted {
  return { volume: { name, emptyDir: {} }, mount: { name, mountPath } };
}

export function configMapDir(name: string, configMap: string, mountPath: string, mode = 0o444): Mounted {
  return {
    volume: { name, configMap: { name: configMap, defaultMode: mode } },
    mount: { name, mountPath, readOnly: true },
  };
}

/** A mounted Secret; the pod's group may read it, others may not. */
export function secretDir(name: string, secretName: string, mountPath: string, mode = 0o440): Mounted {
  return { volume: { name, secret: { secretName, defaultMode: mode } }, mount: { name, mountPath, readOnly: true } };
}

export function claimDir(name: string, claimName: string, mountPath: string): Mounted {
  return { volume: { name, persistentVolumeClaim: { claimName } }, mount: { name, mountPath } };
}

export function hostDir(name: string, path: string, mountPath: string = path): Mounted {
  return { volume: { name, hostPath: { path, type: "DirectoryOrCreate" } }, mount: { name, mountPath } };
}

/** The Cloud's certificate authority at `CA_FILE`. */
export function caDir(): Mounted {
  return configMapDir("ca", CA_CONFIG_MAP, "/etc/underpin/ca");
}

export function volumesOf(mounted: readonly Mounted[]): Volume[] {
  return mounted.map(({ volume }) => volume);
}

export function mountsOf(mounted: readonly Mounted[]): VolumeMount[] {
  return mounted.map(({ mount }) => mount);
}

/** The field when it holds something: the API server drops empty lists and maps, which would look like a difference. */
function given<Key extends string, Value extends object>(
  key: Key,
  value: Value | undefined,
): Partial<Record<Key, Value>> {
  if (value === undefined || Object.keys(value).length === 0) return {};
  return { [key]: value } as Record<Key, Value>;
}
