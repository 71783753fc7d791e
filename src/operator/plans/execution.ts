import type { Cloud } from "../../api/cloud.ts";
import type { Plan as PlanResource, PlanStatus } from "../../api/plan.ts";
import type { CloudState, Effect } from "../../desired/state.ts";
import type { Progress } from "../../execute/execution.ts";
import { expectationOf, type Expectation, keptRecords, recordsOf, remainingSeconds } from "../../plan/expected.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { PlannedStep } from "../../plan/graph.ts";
import type { Plan } from "../../plan/plan.ts";
import {
  abortedSteps,
  isAborted,
  NOT_ASKED,
  phaseOf,
  type RunningPlan,
  secondsBetween,
  stepStatuses,
  type StepStatus,
  type StepView,
  withAction,
  withPass,
} from "../../plan/running.ts";
import type { Planned } from "../drift.ts";
import type { PlanBook } from "./book.ts";
import { failureLine } from "./failure-log.ts";
import { ownerOf } from "./engine.ts";

export interface ExecutionOptions {
  readonly client: Pick<KubeClient, "list" | "logs">;
  readonly book: PlanBook;
  readonly now: () => Date;
}

/** What of a plan an execution goes by. */
type Known = Pick<Plan, "steps" | "workloads"> & {
  /** What the steps do is not known: what they took is no measure for others. */
  readonly vague?: boolean;
};

/** What a pass over the graph came to. */
export interface Pass {
  readonly progress: Progress;
  readonly steps: readonly PlannedStep[];
  /** Values that are told nowhere. */
  readonly secrets: readonly string[];
}

/** Seconds between two writes of a running plan's status. */
const TELL_SECONDS = 1;
/** Seconds after which a running plan is looked at when no event comes: a step that takes too long makes none. */
const LOOK_SECONDS = 10;

export interface Ended {
  readonly plan: string;
  readonly phase: "Succeeded" | "Aborted";
  readonly message: string;
}

export interface AfterPass {
  readonly state: CloudState;
  /** The plan has come to its end in this pass. */
  readonly ended?: Ended;
  /** Seconds until there is more to tell. */
  readonly again?: number;
}

/** Accompanies the plan that is carried out: hears what its Plan says, tells how far it is, and ends it. */
export class PlanExecution {
  readonly #options: ExecutionOptions;
  readonly #known = new Map<string, Known>();
  /** Steps that ran in the last pass, of each plan. */
  readonly #ran = new Map<string, readonly string[]>();
  readonly #told = new Map<string, number>();

  constructor(options: ExecutionOptions) {
    this.#options = options;
  }

  /** The state with what the Plan says of going on: Run, Pause or Abort. */
  heed(cloud: Cloud, state: CloudState): CloudState {
    const { running } = state;
    if (running === undefined) return state;
    const action = this.#options.book.find(cloud.metadata.namespace, running.plan)?.spec.action ?? "Run";
    return { ...state, running: withAction(running, action, this.#ran.get(running.plan) ?? []) };
  }

  /** What the plan that is carried out changes, of steps that were done before too; undefined while nothing may begin. */
  async writes({ metadata: { namespace } }: Cloud, { running }: CloudState): Promise<Planned | undefined> {
    if (running === undefined || running.held !== undefined) return undefined;
    const { steps } = await this.#plan(running.plan, this.#options.book.find(namespace, running.plan));
    return { plan: running.plan, keys: steps.flatMap(({ does }) => does) };
  }

  /** After a pass: what is done is remembered, told, and the plan perhaps at its end. Throws KubeError. */
  async after(cloud: Cloud, state: CloudState, pass: Pass): Promise<AfterPass> {
    if (state.running === undefined) return { state };
    const { book, now } = this.#options;
    const { namespace } = cloud.metadata;
    const resource = book.find(namespace, state.running.plan);
    const known = await this.#plan(state.running.plan, resource);
    const views = viewsOf(pass.progress);
    this.#ran.set(
      state.running.plan,
      [...views].flatMap(([id, view]) => (view.state === "running" ? [id] : [])),
    );
    const running = withPass(state.running, known.steps, views, now());
    const expected = expectationOf(known, state.records ?? []);
    const onFailure = (id: string): string | undefined => pass.steps.find(({ step }) => step.id === id)?.step.onFailure;
    const steps = stepStatuses(running, known.steps, { pass: views, expected, now: now(), onFailure });
    const next = { ...state, running };
    if (pass.progress.complete) return this.#succeed(cloud, next, { known, steps });
    if (resource?.spec.action === "Abort" && isAborted(running, known.steps, views, now()))
      return this.#abort(cloud, next, steps);
    const told = { resource, running, steps, known, expected, pass };
    return { state: next, ...(await this.#tell(namespace, told)) };
  }

  async #tell(
    namespace: string,
    told: {
      readonly resource: PlanResource | undefined;
      readonly running: RunningPlan;
      readonly steps: readonly StepStatus[];
      readonly known: Known;
      readonly expected: Expectation;
      readonly pass: Pass;
    },
  ): Promise<{ again: number }> {
    const { running, resource } = told;
    const { book, now } = this.#options;
    const since = (now().getTime() - (this.#told.get(running.plan) ?? 0)) / 1000;
    const phase = phaseOf(running);
    if (since < TELL_SECONDS && resource?.status?.phase === phase) return { again: TELL_SECONDS - since };
    const steps = await this.#withLogs(told.steps, told.pass);
    const standing = Object.fromEntries(
      steps.map(({ id, state, startedAt }) => [id, { state, ...(startedAt === undefined ? {} : { startedAt }) }]),
    );
    const remaining = remainingSeconds(told.known, told.expected, { now: now().toISOString(), steps: standing });
    await book.add(namespace, running.plan, {
      phase,
      message: sentence(running, steps, resource),
      progress: {
        done: steps.filter(({ state }) => state === "Done").length,
        of: steps.length,
        running: steps.filter(({ state }) => state === "Running").map(({ id }) => id),
        ...(remaining === undefined ? {} : { remainingSeconds: remaining }),
      },
      steps: [...steps] as NonNullable<PlanStatus["steps"]>,
    });
    this.#told.set(running.plan, now().getTime());
    return { again: LOOK_SECONDS };
  }

  /** With what the logs say of steps that failed. */
  #withLogs(steps: readonly StepStatus[], pass: Pass): Promise<readonly StepStatus[]> {
    const add = async (status: StepStatus): Promise<StepStatus> => {
      const objects = pass.steps.find(({ step }) => step.id === status.id)?.objects;
      if (status.state !== "Failed" || objects === undefined) return status;
      const log = await failureLine(this.#options.client, objects, pass.secrets);
      return log === undefined ? status : { ...status, log };
    };
    return Promise.all(steps.map(add));
  }

  async #succeed(
    cloud: Cloud,
    state: CloudState,
    { known, steps }: { readonly known: Known; readonly steps: readonly StepStatus[] },
  ): Promise<AfterPass> {
    const { running } = state;
    if (running === undefined) return { state };
    const message = `All ${steps.length} steps are done.`;
    const end = await this.#end(cloud, running, { phase: "Succeeded", message, steps });
    // Seconds of a plan that was paused are not its own.
    const own = running.held === undefined && running.interrupted !== true && known.vague !== true;
    const done = own ? steps.flatMap((step) => timeOf(running, step)) : [];
    const fresh = recordsOf(known, { steps: done, seconds: secondsBetween(running.startedAt, end), endedAt: end });
    const records = done.length === 0 ? state.records : keptRecords([...(state.records ?? []), ...fresh]);
    const rest = withoutRunning(state, running, end);
    return {
      state: { ...rest, ...(records === undefined ? {} : { records }) },
      ended: { plan: running.plan, phase: "Succeeded", message },
    };
  }

  async #abort(cloud: Cloud, state: CloudState, steps: readonly StepStatus[]): Promise<AfterPass> {
    const { running, effect, previous } = state;
    if (running === undefined || effect === undefined) return { state };
    const told = abortedSteps(steps);
    const old = told.filter(({ side }) => side === "Old").map(({ id }) => id);
    const message = `It was aborted: ${told.length - old.length} steps are done and stay, ${old.length} are as before. Lead back with: underpin undo ${running.plan}`;
    const end = await this.#end(cloud, running, { phase: "Aborted", message, steps: told });
    const aborted = { steps: old, ...(previous === undefined ? {} : { spec: previous.spec }) };
    const mixed: Effect = { ...effect, aborted };
    return {
      state: { ...withoutRunning(state, running, end), effect: mixed },
      ended: { plan: running.plan, phase: "Aborted", message },
    };
  }

  async #end(
    cloud: Cloud,
    running: RunningPlan,
    told: { readonly phase: "Succeeded" | "Aborted"; readonly message: string; readonly steps: readonly StepStatus[] },
  ): Promise<string> {
    const { book, now } = this.#options;
    const endedAt = now().toISOString();
    const { steps } = told;
    await book.add(cloud.metadata.namespace, running.plan, {
      ...told,
      steps: [...steps] as NonNullable<PlanStatus["steps"]>,
      progress: { done: steps.filter(({ state }) => state === "Done").length, of: steps.length, running: [] },
      evidence: {
        startedAt: running.startedAt,
        endedAt,
        seconds: secondsBetween(running.startedAt, endedAt),
        witness: "Blind",
        apis: [],
        podsRestarted: [],
        notes: [NOT_ASKED],
      },
    });
    this.#known.delete(running.plan);
    this.#ran.delete(running.plan);
    this.#told.delete(running.plan);
    await book.trim(ownerOf(cloud), [running.plan]);
    return endedAt;
  }

  /** What the plan does, from memory or, in a new process, from its content. */
  async #plan(name: string, resource: PlanResource | undefined): Promise<Known> {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const read = await this.#read(resource);
    this.#known.set(name, read);
    return read;
  }

  /** Somebody deleted or broke it: then its status says enough to go on. */
  async #read(resource: PlanResource | undefined): Promise<Known> {
    const content =
      resource === undefined ? undefined : await this.#options.book.content(resource).catch(() => undefined);
    if (content !== undefined) return content.plan;
    const steps = (resource?.status?.steps ?? []).map(({ id, after }) => ({
      id,
      after,
      type: "apply" as const,
      does: [],
      database: false,
      timeoutSeconds: Number.MAX_SAFE_INTEGER,
    }));
    return { steps, workloads: [], vague: true };
  }
}

function viewsOf(progress: Progress): ReadonlyMap<string, StepView> {
  return new Map(
    [...progress.states].map(([id, state]): [string, StepView] => [
      id,
      "message" in state ? { state: state.state, message: state.message } : { state: state.state },
    ]),
  );
}

function timeOf(running: RunningPlan, { id, seconds }: StepStatus): { id: string; seconds: number; endedAt: string }[] {
  const endedAt = running.ended[id];
  return seconds === undefined || endedAt === undefined ? [] : [{ id, seconds, endedAt }];
}

function withoutRunning(state: CloudState, running: RunningPlan, to: string): CloudState {
  const { running: _running, previous: _previous, ...rest } = state;
  return { ...rest, unproven: [...(state.unproven ?? []), { plan: running.plan, from: running.startedAt, to }] };
}

function sentence(running: RunningPlan, steps: readonly StepStatus[], resource: PlanResource | undefined): string {
  const failed = steps.find(({ state }) => state === "Failed");
  const ran = steps.filter(({ state }) => state === "Running").map(({ id }) => id);
  const rest = ran.length === 0 ? "" : ` Running: ${ran.slice(0, 6).join(", ")}.`;
  if (running.held !== undefined)
    return resource?.spec.action === "Abort"
      ? `It is aborted: no further step begins.${rest}`
      : `It is paused: no further step begins.${rest} Go on with: underpin resume ${running.plan}`;
  if (failed !== undefined)
    return `${failed.id}: ${failed.message ?? "it does not succeed"}. It is tried again; what depends on it waits.${rest}`.slice(
      0,
      4000,
    );
  return `It is carried out.${rest}`;
}
