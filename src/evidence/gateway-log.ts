import type { KubeClient } from "../kube/client.ts";
import { fieldAt, type KubeObject } from "../kube/types.ts";
import { LABEL } from "../api/names.ts";
import { bounded, clock, messageOf, type Told, type Window } from "./window.ts";

/** Bytes of a log that are read: a quarter of an hour of the witness' requests, and some. */
const MOST_BYTES = 4 * 1024 * 1024;
const FIRST_BYTES = 1_024;
const CONTAINER = "haproxy";
const GATEWAY = `${LABEL.component}=gateway`;

/** HAProxy's `%rc`; a plus says that another server was chosen. Quotes within a path are escaped, so none looks like this. */
const RETRIES = /"retries":"\+?(\d+)"/;

/**
 * How often the gateway sent a request of the window again, from the log of its pods, whose counters know of no window.
 * Undefined, with the reason, when a part of the log is not there. Does not throw.
 */
export async function gatewayRetries(
  kube: Pick<KubeClient, "list" | "text">,
  wanted: { readonly namespace: string; readonly window: Window },
  signal: AbortSignal,
): Promise<Told<number | undefined>> {
  const { namespace, window } = wanted;
  try {
    const query = { namespace, labelSelector: GATEWAY };
    const [pods, deployments] = await bounded(
      Promise.all([
        kube.list({ apiVersion: "v1", kind: "Pod", ...query }, signal),
        kube.list({ apiVersion: "apps/v1", kind: "Deployment", ...query }, signal),
      ]),
      signal,
    );
    if (pods.items.length === 0) return unknown("the gateway has no pod");
    const found = await bounded(Promise.all(pods.items.map((pod) => retriesOf(kube, { pod, window }, signal))), signal);
    const count = found.reduce((sum, one) => sum + one.value, 0);
    const gone = deployments.items.some((one) => hasLostPods(one, pods.items, window));
    const reasons = [...found.flatMap(({ notes }) => notes), ...(gone ? ["the log of a replaced pod is gone"] : [])];
    return reasons.length === 0 ? { value: count, notes: [] } : unknown([...new Set(reasons)].join("; "), count);
  } catch (error) {
    return unknown(`its log could not be read: ${messageOf(error).slice(0, 300)}`);
  }
}

/** Pods have come for others that are not even on their way out any more. */
function hasLostPods(deployment: KubeObject, pods: readonly KubeObject[], { from }: Window): boolean {
  // What was made within the window had no pod before.
  if (created(deployment) >= from) return false;
  const old = pods.filter((pod) => created(pod) <= from).length;
  return old < pods.length && old < Number(fieldAt(deployment, "spec", "replicas") ?? 1);
}

function unknown(reason: string, atLeast = 0): Told<undefined> {
  const least = atLeast === 0 ? "" : `, at least ${atLeast} times`;
  return { value: undefined, notes: [`How often the gateway sent a request again is not known${least}: ${reason}`] };
}

interface Wanted {
  readonly pod: KubeObject;
  readonly window: Window;
}

/** The retries that the logs of a pod tell, and what they leave out. */
async function retriesOf(
  kube: Pick<KubeClient, "text">,
  { pod, window }: Wanted,
  signal: AbortSignal,
): Promise<Told<number>> {
  const { runs, count } = runsOf(pod);
  const inside = runs.filter(({ to }) => to > window.from);
  const told = await Promise.all(inside.map((run) => ofRun(kube, { pod, window, run }, signal)));
  // Kubernetes keeps the log of the container before this one, and of none before that.
  const lost = runs.length > 0 && runs.length < count && runs.every(({ from }) => from > window.from);
  return {
    value: told.reduce((sum, { value }) => sum + value, 0),
    notes: [...told.flatMap(({ notes }) => notes), ...(lost ? ["its container started again more than once"] : [])],
  };
}

/** One run of the container. */
interface Run extends Window {
  readonly previous: boolean;
}

/** The runs of which something is known, and how many there were. */
function runsOf(pod: KubeObject): { readonly runs: readonly Run[]; readonly count: number } {
  const statuses = fieldAt(pod, "status", "containerStatuses");
  const all = Array.isArray(statuses) ? (statuses as readonly unknown[]) : [];
  const status = all.find((one) => fieldAt(one, "name") === CONTAINER);
  const count = 1 + Number(fieldAt(status, "restartCount") ?? 0);
  const moment = (...path: readonly string[]): number => Date.parse(String(fieldAt(status, ...path)));
  const running = moment("state", "running", "startedAt");
  const ended = moment("lastState", "terminated", "finishedAt");
  const current: Run[] = Number.isNaN(running) ? [] : [{ from: running, to: Infinity, previous: false }];
  if (Number.isNaN(ended)) return { runs: current, count };
  const before = { from: moment("lastState", "terminated", "startedAt"), to: ended, previous: true };
  return { runs: [...current, before], count };
}

async function ofRun(
  kube: Pick<KubeClient, "text">,
  { pod, window, run }: Wanted & { readonly run: Run },
  signal: AbortSignal,
): Promise<Told<number>> {
  const { name, namespace = "" } = pod.metadata;
  const log = (query: Readonly<Record<string, string>>): Promise<string> => {
    const all = { container: CONTAINER, timestamps: "true", ...(run.previous ? { previous: "true" } : {}), ...query };
    const path = `/api/v1/namespaces/${namespace}/pods/${name}/log?${new URLSearchParams(all).toString()}`;
    return kube.text({ method: "GET", path, signal });
  };
  const since = new Date(Math.floor(window.from / 1000) * 1000).toISOString();
  const [begin, text] = await Promise.all([
    log({ limitBytes: String(FIRST_BYTES) }),
    log({ sinceTime: since, limitBytes: String(MOST_BYTES) }),
  ]);
  const value = text
    .split("\n")
    .filter((line) => isInside(line, window))
    .reduce((sum, line) => sum + Number(RETRIES.exec(line)?.[1] ?? 0), 0);
  const first = timeOf(begin);
  // A log that grows long is put aside by the kubelet, and what was put aside is not to be had.
  const late = run.from < window.from && first > window.from;
  return {
    value,
    notes: [
      ...(late ? [`its log begins at ${clock(first)}`] : []),
      ...(text.length >= MOST_BYTES - FIRST_BYTES ? ["its log is too long"] : []),
    ],
  };
}

function isInside(line: string, { from, to }: Window): boolean {
  const time = timeOf(line);
  return time >= from && time <= to;
}

/** The time before a line, as Kubernetes writes it. */
function timeOf(line: string): number {
  return Date.parse(line.slice(0, line.indexOf(" ")));
}

function created({ metadata }: KubeObject): number {
  return Date.parse(metadata.creationTimestamp ?? "");
}
