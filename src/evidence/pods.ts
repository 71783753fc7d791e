import type { KubeClient } from "../kube/client.ts";
import { fieldAt, type KubeObject } from "../kube/types.ts";
import { bounded, messageOf, type Told, type Window } from "./window.ts";

const CONTROLLERS = [
  { apiVersion: "apps/v1", kind: "Deployment" },
  { apiVersion: "apps/v1", kind: "StatefulSet" },
  { apiVersion: "apps/v1", kind: "DaemonSet" },
];
/** Names that are told. */
const MOST = 256;

/**
 * The pods that came within the window for others, or of which a container started again: names, in order. Those of a
 * controller that itself was made within the window replace nobody. Does not throw.
 */
export async function podsRestarted(
  kube: Pick<KubeClient, "list">,
  wanted: { readonly namespaces: readonly string[]; readonly window: Window },
  signal: AbortSignal,
): Promise<Told<readonly string[]>> {
  const { namespaces, window } = wanted;
  try {
    const all = (kind: { apiVersion: string; kind: string }): Promise<readonly KubeObject[]> =>
      Promise.all(namespaces.map((namespace) => kube.list({ ...kind, namespace }, signal))).then((lists) =>
        lists.flatMap(({ items }) => items),
      );
    const [pods = [], ...controllers] = await bounded(
      Promise.all([{ apiVersion: "v1", kind: "Pod" }, ...CONTROLLERS].map(all)),
      signal,
    );
    // Kubernetes tells whole seconds.
    const whole = { from: Math.floor(window.from / 1000) * 1000, to: window.to };
    const older = new Set(
      controllers
        .flat()
        .filter((one) => created(one) < whole.from)
        .map(ownKey),
    );
    const names = pods
      .filter((pod) => startedAgain(pod, whole) || (within(created(pod), whole) && older.has(ownerKey(pod))))
      .map(({ metadata }) => metadata.name)
      .toSorted();
    const more = names.length - MOST;
    return { value: names.slice(0, MOST), notes: more > 0 ? [`${more} more pods were replaced or started again`] : [] };
  } catch (error) {
    return { value: [], notes: [`Which pods started again is not known: ${messageOf(error).slice(0, 300)}`] };
  }
}

function startedAgain(pod: KubeObject, window: Window): boolean {
  const statuses = ["containerStatuses", "initContainerStatuses"].flatMap((field) => {
    const found = fieldAt(pod, "status", field);
    return Array.isArray(found) ? (found as readonly unknown[]) : [];
  });
  return statuses.some((status) => {
    const count = Number(fieldAt(status, "restartCount") ?? 0);
    if (count === 0) return false;
    // Of the runs before the last but one nothing is told.
    const starts = [
      fieldAt(status, "state", "running", "startedAt"),
      fieldAt(status, "state", "terminated", "startedAt"),
      fieldAt(status, "lastState", "terminated", "finishedAt"),
      ...(count > 1 ? [fieldAt(status, "lastState", "terminated", "startedAt")] : []),
    ];
    return starts.some((moment) => typeof moment === "string" && within(Date.parse(moment), window));
  });
}

function within(moment: number, { from, to }: Window): boolean {
  return moment >= from && moment <= to;
}

function created({ metadata }: KubeObject): number {
  return Date.parse(metadata.creationTimestamp ?? "");
}

function ownKey({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
}

/** The controller whose pod it is: a ReplicaSet is named after its Deployment and the hash of the template. */
function ownerKey({ metadata }: KubeObject): string {
  const owners = metadata["ownerReferences"];
  const owner = Array.isArray(owners) ? (owners as readonly unknown[])[0] : undefined;
  const [kind, name] = [String(fieldAt(owner, "kind")), String(fieldAt(owner, "name"))];
  const namespace = metadata.namespace ?? "";
  return kind === "ReplicaSet"
    ? `Deployment/${namespace}/${name.replace(/-[^-]+$/, "")}`
    : `${kind}/${namespace}/${name}`;
}
