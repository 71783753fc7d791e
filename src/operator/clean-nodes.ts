import { readiness } from "../kube/ready.ts";
import { fieldAt, type KubeObject, refOf } from "../kube/types.ts";
import type { KubeClient } from "../kube/client.ts";
import type { BuildInput, Manifest, Workload } from "../workloads/contract.ts";
import type { CloudScope } from "./cloud-scope.ts";
import type { CloudState } from "../desired/state.ts";
import { writeState } from "./state.ts";

/** How far a deletion is. */
export type Removal =
  | { readonly state: "gone" }
  /** Something is still there or at work: call again when anything changes, or after the seconds. */
  | { readonly state: "waiting"; readonly message: string; readonly again: number }
  /** Nothing more is tried: somebody has to do what the message says. */
  | { readonly state: "stuck"; readonly message: string };

/** Seconds until a look at what goes by itself. */
const LOOK_AGAIN_SECONDS = 1;

/** Waiting for what goes by itself. */
export function waiting(message: string): Removal {
  return { state: "waiting", message, again: LOOK_AGAIN_SECONDS };
}

/** How often a clean-up Job runs, each time with its own attempts, before somebody has to look. */
const RUNS = 5;
/** Seconds from a Job's failure to its next run; doubled each time. */
const FIRST_WAIT_SECONDS = 10;

export interface CleanContext {
  readonly scope: CloudScope;
  readonly client: KubeClient;
  readonly workloads: readonly Workload[];
  readonly keep: (object: KubeObject) => boolean;
  readonly onFailure: (message: string) => void;
}

/** Runs the workloads' clean-up Jobs when all other pods are gone. Undefined when the nodes are clean. */
export async function cleanNodes(
  input: BuildInput,
  state: CloudState,
  context: CleanContext,
): Promise<Removal | undefined> {
  const { scope, workloads, keep } = context;
  const nodes = input.facts.nodes.map(({ name }) => name);
  const manifests = workloads.flatMap((workload) => workload.cleanup?.(input, nodes) ?? []);
  const { remaining } = await scope.inventory.prune(manifests.map(refOf), { keep });
  if (remaining.length > 0) return waiting("its pods end");
  await scope.inventory.add(manifests.map(refOf));
  const failed = manifests.filter((manifest) => look(scope, manifest).state === "failed");
  const ports = scope.ports();
  await Promise.all(manifests.filter((one) => !failed.includes(one)).map((manifest) => ports.ensure(manifest, false)));
  const [first] = failed;
  if (first !== undefined) return retry(first, { input, state, context });
  const open = manifests.filter((manifest) => look(scope, manifest).state !== "ready");
  return open.length === 0 ? undefined : waiting(`its nodes are cleaned: ${open.map(said(scope)).join("; ")}`);
}

function look(scope: CloudScope, manifest: Manifest): { readonly state: string; readonly message: string } {
  const live = scope.view.get(refOf(manifest));
  if (live === undefined) return { state: "progressing", message: "not made yet" };
  if (live.metadata.deletionTimestamp !== undefined)
    return { state: "progressing", message: "makes way for its next run" };
  return readiness(live);
}

function said(scope: CloudScope): (manifest: Manifest) => string {
  return (manifest) => `${manifest.kind} ${manifest.metadata.name}: ${look(scope, manifest).message}`;
}

interface Failure {
  readonly input: BuildInput;
  readonly state: CloudState;
  readonly context: CleanContext;
}

/** One failed Job at a time: is removed after a while, so that the next pass makes it anew; not more than so many times. */
async function retry(job: Manifest, { input, state, context }: Failure): Promise<Removal> {
  const { scope, client, onFailure } = context;
  const { name, namespace = "" } = job.metadata;
  const counter = `cleanup-runs/${name}`;
  const runs = Number(state.done[counter] ?? "1");
  const what = `the clean-up Job ${name} in ${namespace} failed ${runs} times: ${look(scope, job).message}`;
  const logs = `Read why: underpin kubectl -n ${namespace} logs job/${name}`;
  if (runs >= RUNS) {
    const again = `let it run again: underpin kubectl -n ${namespace} delete job ${name}`;
    const message = `${what}. ${logs}. When that is mended, ${again}. For a node that is gone for good: underpin kubectl delete node NAME`;
    onFailure(message);
    return { state: "stuck", message };
  }
  const message = `${what}; it is tried again. ${logs}`;
  onFailure(message);
  const rest = secondsUntil(scope.view.get(refOf(job)), FIRST_WAIT_SECONDS * 2 ** (runs - 1));
  if (rest > 0) return { state: "waiting", message, again: rest };
  // The watch may lag behind our own last pass, and one failure is to be counted once.
  const now = await client.get(refOf(job));
  if (now === undefined || readiness(now).state !== "failed" || now.metadata.deletionTimestamp !== undefined)
    return waiting(message);
  const done = { ...state.done, [counter]: String(runs + 1) };
  scope.view.wrote(await writeState(client, input.cloud.metadata, { ...state, done }));
  await client.delete(refOf(job), { propagation: "Foreground" });
  return waiting(message);
}

/** Seconds that are left of the wait after the Job failed. */
function secondsUntil(job: KubeObject | undefined, wait: number): number {
  const conditions = (fieldAt(job, "status", "conditions") ?? []) as readonly {
    type: string;
    lastTransitionTime?: string;
  }[];
  const at = Date.parse(conditions.find(({ type }) => type === "Failed")?.lastTransitionTime ?? "");
  return Number.isNaN(at) ? 0 : Math.ceil((at + wait * 1000 - Date.now()) / 1000);
}
