import { fieldAt, type KubeObject } from "./types.ts";

export interface Readiness {
  readonly state: "ready" | "progressing" | "failed";
  /** Plain words, for example `1 of 2 replicas ready`. */
  readonly message: string;
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

const READY: Readiness = { state: "ready", message: "ready" };

/** Whether an object does what it is for. Pure: it reads nothing but the object. */
export function readiness(object: KubeObject): Readiness {
  if (object.metadata.deletionTimestamp !== undefined) return progressing("is being deleted");
  const observed = fieldAt(object, "status", "observedGeneration");
  if (typeof observed === "number" && observed < (object.metadata.generation ?? 0))
    return progressing("its controller has not seen the change yet");
  return (RULES[object.kind] ?? byConditions)(object);
}

const RULES: Readonly<Record<string, (object: KubeObject) => Readiness>> = {
  Deployment: deployment,
  StatefulSet: statefulSet,
  DaemonSet: daemonSet,
  Job: job,
  Pod: pod,
  PersistentVolumeClaim: claim,
  Service: service,
  Namespace: (object) => (textAt(object, "phase") === "Active" ? READY : progressing("not active yet")),
  CustomResourceDefinition: (object) => byCondition(object, "Established"),
};

function deployment(object: KubeObject): Readiness {
  const failed = condition(object, "Progressing");
  if (failed?.reason === "ProgressDeadlineExceeded")
    return { state: "failed", message: failed.message ?? failed.reason };
  if (fieldAt(object, "status", "observedGeneration") === undefined)
    return progressing("its controller has not seen it yet");
  const wanted = wantedReplicas(object);
  const updated = count(object, "updatedReplicas");
  if (updated < wanted) return progressing(`${updated} of ${wanted} replicas updated`);
  const old = count(object, "replicas") - updated;
  if (old > 0) return progressing(`${old} old replicas still run`);
  return replicas(object, count(object, "availableReplicas"));
}

function statefulSet(object: KubeObject): Readiness {
  if (fieldAt(object, "status", "observedGeneration") === undefined)
    return progressing("its controller has not seen it yet");
  const onDelete = fieldAt(object, "spec", "updateStrategy", "type") === "OnDelete";
  const partition = Number(fieldAt(object, "spec", "updateStrategy", "rollingUpdate", "partition") ?? 0);
  const current = fieldAt(object, "status", "currentRevision");
  const update = fieldAt(object, "status", "updateRevision");
  const updated = count(object, "updatedReplicas");
  const wanted = Math.max(0, wantedReplicas(object) - partition);
  if (!onDelete && current !== update && updated < wanted)
    return progressing(`${updated} of ${wanted} replicas updated`);
  return replicas(object, count(object, "readyReplicas"));
}

function daemonSet(object: KubeObject): Readiness {
  if (fieldAt(object, "status", "observedGeneration") === undefined)
    return progressing("its controller has not seen it yet");
  const wanted = count(object, "desiredNumberScheduled");
  const updated = count(object, "updatedNumberScheduled");
  const onDelete = fieldAt(object, "spec", "updateStrategy", "type") === "OnDelete";
  if (!onDelete && updated < wanted) return progressing(`${updated} of ${wanted} nodes updated`);
  const available = count(object, "numberAvailable");
  return available < wanted ? progressing(`ready on ${available} of ${wanted} nodes`) : READY;
}

function job(object: KubeObject): Readiness {
  const failed = condition(object, "Failed");
  if (failed?.status === "True")
    return { state: "failed", message: failed.message ?? failed.reason ?? "the Job failed" };
  if (condition(object, "Complete")?.status === "True") return { state: "ready", message: "complete" };
  if (fieldAt(object, "spec", "suspend") === true) return progressing("suspended");
  const failures = count(object, "failed");
  return progressing(failures > 0 ? `running after ${failures} failed attempts` : "running");
}

function pod(object: KubeObject): Readiness {
  const phaseNow = textAt(object, "phase");
  if (phaseNow === "Succeeded") return { state: "ready", message: "complete" };
  if (phaseNow === "Failed") return { state: "failed", message: textAt(object, "message") ?? "the pod failed" };
  if (condition(object, "Ready")?.status === "True") return READY;
  return progressing(waitingReason(object) ?? condition(object, "Ready")?.message ?? phaseNow ?? "not started yet");
}

/** The first container that cannot start, in the kubelet's words. */
function waitingReason(object: KubeObject): string | undefined {
  const lists = ["initContainerStatuses", "containerStatuses"].map((name) => fieldAt(object, "status", name) ?? []);
  for (const status of lists.flat() as {
    name: string;
    state?: { waiting?: { reason?: string; message?: string } };
  }[]) {
    const waiting = status.state?.waiting;
    if (waiting?.reason !== undefined && waiting.reason !== "PodInitializing")
      return `container ${status.name}: ${waiting.reason}${waiting.message === undefined ? "" : `: ${waiting.message}`}`;
  }
  return undefined;
}

function claim(object: KubeObject): Readiness {
  const now = fieldAt(object, "status", "phase");
  if (now === "Bound") return READY;
  if (now === "Lost") return { state: "failed", message: "its volume is lost" };
  return progressing("waits for its volume (or for the first pod that uses it)");
}

function service(object: KubeObject): Readiness {
  if (fieldAt(object, "spec", "type") !== "LoadBalancer") return READY;
  const ingress = (fieldAt(object, "status", "loadBalancer", "ingress") ?? []) as readonly unknown[];
  return ingress.length > 0 ? READY : progressing("waits for its load balancer's address");
}

/** Kinds that we do not know: kstatus' conventions. Without conditions they are ready as soon as they exist. */
function byConditions(object: KubeObject): Readiness {
  const stalled = condition(object, "Stalled");
  if (stalled?.status === "True") return { state: "failed", message: stalled.message ?? stalled.reason ?? "stalled" };
  const known = ["Ready", "Available", "Established"].find((type) => condition(object, type) !== undefined);
  return known === undefined ? READY : byCondition(object, known);
}

function byCondition(object: KubeObject, type: string): Readiness {
  const found = condition(object, type);
  return found?.status === "True" ? READY : progressing(found?.message ?? found?.reason ?? `not ${type} yet`);
}

function replicas(object: KubeObject, ready: number): Readiness {
  const wanted = wantedReplicas(object);
  return ready < wanted ? progressing(`${ready} of ${wanted} replicas ready`) : READY;
}

function wantedReplicas(object: KubeObject): number {
  return Number(fieldAt(object, "spec", "replicas") ?? 1);
}

function count(object: KubeObject, field: string): number {
  return Number(fieldAt(object, "status", field) ?? 0);
}

function textAt(object: KubeObject, field: string): string | undefined {
  return fieldAt(object, "status", field) as string | undefined;
}

function condition(object: KubeObject, type: string): Condition | undefined {
  const all = (fieldAt(object, "status", "conditions") ?? []) as readonly Condition[];
  return all.find((candidate) => candidate.type === type);
}

function progressing(message: string): Readiness {
  return { state: "progressing", message };
}
