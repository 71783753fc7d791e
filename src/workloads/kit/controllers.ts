import type { Manifest } from "../contract.ts";
import { contentName, metadata, selectorLabels, type Owner } from "./names.ts";
import { claimSpec, type ClaimOptions } from "./objects.ts";
import { podTemplate, type PodOptions } from "./pods.ts";

export interface DeploymentOptions extends PodOptions {
  readonly replicas: number;
  /** Default Rolling: a new pod is ready before an old one goes. Recreate: never two at once. */
  readonly strategy?: "Rolling" | "Recreate";
}

export function deployment(owner: Owner, options: DeploymentOptions): Manifest {
  const rolling = { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(owner),
    spec: {
      replicas: options.replicas,
      revisionHistoryLimit: 2,
      strategy: options.strategy === "Recreate" ? { type: "Recreate" } : rolling,
      selector: { matchLabels: selectorLabels(owner) },
      template: podTemplate(owner, options),
    },
  };
}

export interface StatefulSetOptions extends PodOptions {
  readonly replicas: number;
  /** Name of the headless Service; default the owner's name. */
  readonly serviceName?: string;
  /** Claims by volume name. */
  readonly claims?: Readonly<Record<string, ClaimOptions>>;
}

export function statefulSet(owner: Owner, options: StatefulSetOptions): Manifest {
  const claims = Object.entries(options.claims ?? {}).map(([name, claim]) => claimTemplate(owner, name, claim));
  return {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: metadata(owner),
    spec: {
      replicas: options.replicas,
      revisionHistoryLimit: 2,
      serviceName: options.serviceName ?? owner.name,
      podManagementPolicy: "Parallel",
      selector: { matchLabels: selectorLabels(owner) },
      template: podTemplate(owner, options),
      ...(claims.length === 0 ? {} : { volumeClaimTemplates: claims }),
    },
  };
}

function claimTemplate(owner: Owner, name: string, claim: ClaimOptions) {
  return { metadata: { name, labels: selectorLabels(owner) }, spec: claimSpec(claim) };
}

export interface DaemonSetOptions extends PodOptions {
  /** `OnDelete`: a changed pod waits until somebody deletes the old one, for what guests depend on. */
  readonly update?: "RollingUpdate" | "OnDelete";
}

export function daemonSet(owner: Owner, options: DaemonSetOptions): Manifest {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: metadata(owner),
    spec: {
      revisionHistoryLimit: 2,
      updateStrategy: { type: options.update ?? "RollingUpdate" },
      selector: { matchLabels: selectorLabels(owner) },
      template: podTemplate(owner, options),
    },
  };
}

/**
 * A Job that has failed stays so for ever, and its log goes with its pod; what ours need may be away for long. The attempts
 * come at growing intervals, in the end every five minutes: these are a year's.
 */
const ATTEMPTS = 100_000;

export interface JobOptions {
  /** Attempts before it counts as failed; default a year's. */
  readonly backoffLimit?: number;
  /** `Never` makes a new pod for each attempt, and keeps them and their logs when the Job has failed. */
  readonly restartPolicy?: "OnFailure" | "Never";
}

/**
 * A Job named by the content of its whole pod, since a Job cannot be changed: equal content is the same Job, done once;
 * a new image or configuration is a new Job.
 */
export function job(owner: Owner, options: PodOptions & JobOptions): Manifest {
  const template = podTemplate(owner, options);
  const spec = { ...template.spec, restartPolicy: options.restartPolicy ?? "OnFailure" };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: metadata(owner, contentName(owner.name, spec)),
    spec: { backoffLimit: options.backoffLimit ?? ATTEMPTS, template: { ...template, spec } },
  };
}

export interface ServiceOptions {
  /** Ports by name; the target port is the same unless `targets` names another. */
  readonly ports: Readonly<Record<string, number>>;
  readonly targets?: Readonly<Record<string, number>>;
  /** One DNS record a pod, no virtual address. */
  readonly headless?: boolean;
  /** DNS lists pods before they are ready, too: for members that must find each other at start. */
  readonly publishNotReady?: boolean;
  /** Whose pods it leads to; default the owner's. */
  readonly selector?: Readonly<Record<string, string>>;
  /** Node ports by name: makes the Service a NodePort. */
  readonly nodePorts?: Readonly<Record<string, number>>;
}

export function service(owner: Owner, options: ServiceOptions): Manifest {
  const ports = Object.entries(options.ports).map(([name, port]) => ({
    name,
    port,
    targetPort: options.targets?.[name] ?? port,
    protocol: "TCP",
    ...(options.nodePorts?.[name] === undefined ? {} : { nodePort: options.nodePorts[name] }),
  }));
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(owner),
    spec: {
      type: options.nodePorts === undefined ? "ClusterIP" : "NodePort",
      ...(options.headless === true ? { clusterIP: "None" } : {}),
      ...(options.publishNotReady === true ? { publishNotReadyAddresses: true } : {}),
      selector: { ...(options.selector ?? selectorLabels(owner)) },
      ports,
    },
  };
}

/** At most one pod is taken away at a time. None for a single replica: it would either protect nothing or block every drain. */
export function podDisruptionBudget(owner: Owner, replicas: number): readonly Manifest[] {
  if (replicas < 2) return [];
  return [
    {
      apiVersion: "policy/v1",
      kind: "PodDisruptionBudget",
      metadata: metadata(owner),
      spec: { maxUnavailable: 1, selector: { matchLabels: selectorLabels(owner) } },
    },
  ];
}
