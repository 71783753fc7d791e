import { LABEL, nodesNamespace, SYSTEM_NAMESPACE } from "../api/names.ts";
import { nearest } from "../api/nearest.ts";
import type { KubeClient, LogOptions } from "../kube/client.ts";
import type { KubeObject } from "../kube/types.ts";
import { theCloud } from "./cluster.ts";
import { CliError, EXIT } from "./errors.ts";

export interface LogFlags {
  readonly follow: boolean;
  readonly previous: boolean;
  readonly tail?: number;
  readonly container?: string;
  readonly namespace?: string;
}

interface Source {
  readonly kube: KubeClient;
  readonly out: (line: string) => void;
}

interface Place {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

type Pod = KubeObject & { readonly spec?: { readonly containers?: readonly { readonly name: string }[] } };

const OPERATOR = "operator";

/** Prints the log of every container of a workload, each line with its pod and container. Throws CliError when there is none. */
export async function showLogs({ kube, out }: Source, workload: string, flags: LogFlags): Promise<void> {
  const places = await placesOf(kube, workload, flags);
  const options = (place: Place): LogOptions => ({
    container: place.container,
    tailLines: flags.tail ?? 100,
    previous: flags.previous,
  });
  const print = (place: Place, line: string): void =>
    out(places.length === 1 ? line : `${place.pod}/${place.container}: ${line}`);
  if (!flags.follow) {
    for (const place of places) {
      const text = await kube.logs({ namespace: place.namespace, name: place.pod }, options(place));
      for (const line of text.split("\n")) if (line !== "") print(place, line);
    }
    return;
  }
  const controller = new AbortController();
  await Promise.all(
    places.map(async (place) => {
      const lines = kube.followLogs(
        { namespace: place.namespace, name: place.pod },
        { ...options(place), signal: controller.signal },
      );
      for await (const line of lines) print(place, line);
    }),
  );
}

async function placesOf(kube: KubeClient, workload: string, flags: LogFlags): Promise<Place[]> {
  const pods = await podsOf(kube, workload, flags);
  const places = pods.flatMap((pod) =>
    (pod.spec?.containers ?? [])
      .filter(({ name }) => flags.container === undefined || name === flags.container)
      .map(({ name }): Place => ({ namespace: pod.metadata.namespace ?? "", pod: pod.metadata.name, container: name })),
  );
  if (places.length > 0) return places;
  if (pods.length === 0) throw await unknownWorkload(kube, workload, flags);
  const names = [...new Set(pods.flatMap((pod) => (pod.spec?.containers ?? []).map(({ name }) => name)))];
  throw new CliError(`${workload} has no container ${flags.container ?? ""}`, `Its containers: ${names.join(", ")}.`, {
    exitCode: EXIT.usage,
  });
}

async function podsOf(kube: KubeClient, workload: string, flags: LogFlags): Promise<readonly Pod[]> {
  const pod = { apiVersion: "v1", kind: "Pod" };
  if (workload === OPERATOR) return (await kube.list<Pod>({ ...pod, namespace: SYSTEM_NAMESPACE })).items;
  const { metadata } = await theCloud(kube, flags.namespace);
  const labelSelector = `${LABEL.name}=${workload}`;
  const lists = await Promise.all(
    [metadata.namespace, nodesNamespace(metadata.namespace)].map((namespace) =>
      kube.list<Pod>({ ...pod, namespace, labelSelector }),
    ),
  );
  return lists.flatMap(({ items }) => items);
}

async function unknownWorkload(kube: KubeClient, workload: string, flags: LogFlags): Promise<CliError> {
  if (workload === OPERATOR)
    return new CliError("The operator is not installed", "Install it with: underpin up", { exitCode: EXIT.notRunning });
  const { status } = await theCloud(kube, flags.namespace);
  const known = (status?.services ?? []).map(({ name }) => name);
  const meant = nearest(workload, known);
  const next =
    meant === undefined ? `The workloads: ${[...known, OPERATOR].join(", ")}.` : `Did you mean: underpin logs ${meant}`;
  return new CliError(`No pod belongs to a workload "${workload}"`, next, { exitCode: EXIT.usage });
}
