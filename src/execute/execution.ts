// execute: runs the graph of steps through ports, driven by what is observed, safe to stop at any line.
import type { Manifest } from "../api/manifest.ts";
import type { CallStep, StepId } from "../api/step.ts";
import type { PlannedStep } from "../plan/graph.ts";

export type LiveObject = Readonly<Record<string, unknown>>;

export interface Readiness {
  readonly state: "ready" | "progressing" | "failed";
  readonly message: string;
}

/** Everything outside that an execution touches. */
export interface StepPorts {
  /** What is known of an object now; undefined when it does not exist. */
  live(manifest: Manifest): LiveObject | undefined;
  /**
   * Makes the object what it should be; writes nothing when it is. `settled`: its step was done with this very content,
   * so that what differs is nobody's plan; undefined: there is no step that could tell.
   */
  ensure(manifest: Manifest, settled?: boolean): Promise<void>;
  readiness(object: LiveObject): Readiness;
  /** Starts or joins the call and answers at once; its end must lead to another `advance`. */
  call(step: CallStep, hash: string): CallState;
  /** Whether a step that is still to do may begin or go on. Absent: each may. */
  mayRun?(id: StepId): boolean;
}

export type CallState =
  { state: "done" } | { state: "running"; message: string } | { state: "failed"; message: string };

export type StepState =
  | { readonly state: "done" }
  | { readonly state: "running"; readonly message: string }
  | { readonly state: "blocked"; readonly by: readonly StepId[] }
  /** Somebody paused or aborted the plan before it began. */
  | { readonly state: "held" }
  | { readonly state: "failed"; readonly message: string };

export interface Progress {
  readonly states: ReadonlyMap<StepId, StepState>;
  /** Hash of each step that was done at some time, to be kept: it tells drift from work that is still to do. */
  readonly done: Readonly<Record<StepId, string>>;
  readonly complete: boolean;
}

/**
 * One pass over the graph: does all that can be done now and answers what is left. It holds no state between passes
 * but `done`, so that a killed process goes on where it was.
 */
export async function advance(
  steps: readonly PlannedStep[],
  done: Readonly<Record<StepId, string>>,
  ports: StepPorts,
): Promise<Progress> {
  const states = new Map<StepId, Promise<StepState>>();
  for (const planned of steps) {
    // Steps come in order, so the promises of all needs exist; independent steps run side by side.
    const needs = planned.step.needs.map(async (id) => ({ id, state: await states.get(id) }));
    states.set(planned.step.id, settle(planned, done, ports, needs));
  }
  const settled = new Map<StepId, StepState>();
  for (const [id, state] of states) settled.set(id, await state);
  const record: Record<StepId, string> = {};
  for (const { step, hash } of steps) {
    if (settled.get(step.id)?.state === "done") record[step.id] = hash;
    else if (done[step.id] !== undefined) record[step.id] = done[step.id] as string;
  }
  return { states: settled, done: record, complete: [...settled.values()].every(({ state }) => state === "done") };
}

type Need = Promise<{ id: StepId; state: StepState | undefined }>;

async function settle(
  planned: PlannedStep,
  done: Readonly<Record<StepId, string>>,
  ports: StepPorts,
  needs: readonly Need[],
): Promise<StepState> {
  const before = done[planned.step.id] === planned.hash;
  if (before) {
    const repaired = await ensureObjects(planned, ports, true);
    return repaired ?? { state: "done" };
  }
  const open = (await Promise.all(needs)).filter(({ state }) => state?.state !== "done");
  if (open.length > 0) return { state: "blocked", by: open.map(({ id }) => id) };
  if (ports.mayRun?.(planned.step.id) === false) return { state: "held" };
  if (planned.step.type === "call") return ports.call(planned.step, planned.hash);
  const refused = await ensureObjects(planned, ports, false);
  return refused ?? (planned.step.until === "applied" ? { state: "done" } : readyState(planned, ports));
}

/** Writes what differs; answers a failed state when the API server refuses an object. */
async function ensureObjects(planned: PlannedStep, ports: StepPorts, settled: boolean): Promise<StepState | undefined> {
  const results = await Promise.allSettled(planned.objects.map((manifest) => ports.ensure(manifest, settled)));
  const failed = results.find((result) => result.status === "rejected");
  if (failed === undefined) return undefined;
  return { state: "failed", message: failed.reason instanceof Error ? failed.reason.message : String(failed.reason) };
}

function readyState(planned: PlannedStep, ports: StepPorts): StepState {
  for (const manifest of planned.objects) {
    const live = ports.live(manifest);
    const where = `${manifest.kind} ${manifest.metadata.name}`;
    if (live === undefined) return { state: "running", message: `${where} was written and is not seen yet` };
    const { state, message } = ports.readiness(live);
    if (state === "failed") return { state: "failed", message: `${where}: ${message}` };
    if (state === "progressing") return { state: "running", message: `${where}: ${message}` };
  }
  return { state: "done" };
}
