import { GROUP } from "../api/names.ts";
import type { KubeClient } from "../kube/client.ts";
import { KubeError } from "../kube/errors.ts";
import { fieldAt, type KubeObject } from "../kube/types.ts";
import type { CallAction } from "./call-runner.ts";

/** Annotation of a pod: the content that it was last told of. */
const ANNOTATION = `${GROUP}/mutable`;

/** A ConfigMap that running processes follow. */
interface Followed {
  readonly namespace: string;
  readonly name: string;
  /** Of its content. */
  readonly hash: string;
}

/**
 * Has the kubelets write changed ConfigMaps into the pods that mount them at once. They look at such volumes when they
 * sync a pod, which is each minute, and when the pod itself changes (volumemanager's WaitForAttachAndMount): so the pod
 * gets an annotation. Its controller's template does not, and nothing starts anew.
 */
export function reloadPods(client: KubeClient): CallAction {
  return async (input, signal) => {
    const followed = input["configMaps"] as readonly Followed[];
    for (const [namespace, group] of Map.groupBy(followed, (one) => one.namespace)) {
      const pods = await client.list({ apiVersion: "v1", kind: "Pod", namespace }, signal);
      await Promise.all(pods.items.flatMap((pod) => group.map((one) => tell(client, pod, one))));
    }
  };
}

async function tell(client: KubeClient, pod: KubeObject, { name, hash }: Followed): Promise<void> {
  const { metadata } = pod;
  const ended = ["Succeeded", "Failed"].includes(String(fieldAt(pod, "status", "phase")));
  if (ended || metadata.deletionTimestamp !== undefined || !mounts(pod, name)) return;
  if (metadata.annotations?.[ANNOTATION] === hash) return;
  // A pod that is gone meanwhile needs nothing; the uid keeps one of the same name from being taken for it.
  const value = { metadata: { uid: metadata.uid, annotations: { [ANNOTATION]: hash } } };
  const ref = { apiVersion: "v1", kind: "Pod", name: metadata.name, namespace: metadata.namespace ?? "" };
  try {
    await client.patch(ref, { type: "merge", value });
  } catch (error) {
    if (!isGone(error)) throw error;
  }
}

function isGone(error: unknown): boolean {
  const status = error instanceof KubeError ? error.status : undefined;
  return status === 404 || status === 409;
}

interface PodVolume {
  readonly projected?: { readonly sources?: readonly { readonly configMap?: { readonly name?: string } }[] };
}

function mounts(pod: KubeObject, name: string): boolean {
  const volumes = (fieldAt(pod, "spec", "volumes") ?? []) as readonly PodVolume[];
  return volumes.some(
    ({ projected }) => projected?.sources?.some(({ configMap }) => configMap?.name === name) === true,
  );
}
