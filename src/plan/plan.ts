import { type Manifest, type ObjectKey, objectKey } from "../api/manifest.ts";
import type { Impact, Step, StepId } from "../api/step.ts";
import { type ObjectChange, objectChanges, type ObjectPair } from "./changes.ts";
import { configurationChanges, type LineChange } from "./configuration.ts";
import type { PlannedStep } from "./graph.ts";
import { type Ground, groundHash } from "./hash.ts";
import { workloadImpacts, type WorkloadImpact } from "./impact.ts";
import type { Keyed } from "./secrets.ts";

/** A step that would run. */
export interface PlanStep {
  readonly id: StepId;
  readonly type: Step["type"];
  /** Objects that it would change, or the action that it would call. */
  readonly does: readonly string[];
  /** Steps of the plan that come before. */
  readonly after: readonly StepId[];
  /** A Job of it is new: a database is made or changed. */
  readonly database: boolean;
  readonly timeoutSeconds: number;
  /** What users notice while its pods are replaced, as the step declares it. */
  readonly impact?: Impact;
}

/** What the API server would refuse. */
export interface Refusal {
  readonly key: ObjectKey;
  readonly message: string;
}

/** A plan that was made of a snapshot, without asking the API server. */
export interface Approximate {
  /** When the snapshot was made, ISO 8601. */
  readonly made: string;
  /** Uid of the cluster's namespace kube-system. */
  readonly cluster: string;
  /** Objects of which the snapshot has only a hash. */
  readonly objects: readonly ObjectKey[];
}

/** What would happen to a Cloud; data, without any secret's value. */
export interface Plan {
  readonly cloud: { readonly namespace: string; readonly name: string };
  /** Hex SHA-256 of what the plan stands on. */
  readonly hash: string;
  /** Then `hash` is none, and nobody can approve the plan. Absent: the API server was asked. */
  readonly approximate?: Approximate;
  /** There is nothing to do. */
  readonly empty: boolean;
  readonly count: {
    readonly created: number;
    readonly changed: number;
    readonly deleted: number;
    readonly unchanged: number;
  };
  readonly objects: readonly ObjectChange[];
  readonly configuration: readonly LineChange[];
  readonly workloads: readonly WorkloadImpact[];
  /** In the order in which they would run. */
  readonly steps: readonly PlanStep[];
  /** Claims that would be deleted with what they hold. */
  readonly dataAtRisk: readonly ObjectKey[];
  readonly refused: readonly Refusal[];
  /** Objects whose name or content is known only when the plan is carried out. */
  readonly provisional: readonly ObjectKey[];
  /** What a reader must know to trust it, in sentences. */
  readonly notes: readonly string[];
}

export interface PlanInput {
  readonly ground: Ground;
  /** Every object of the Cloud before and after. */
  readonly pairs: readonly ObjectPair[];
  /** All steps, in order. */
  readonly steps: readonly PlannedStep[];
  /** Hash of each step that was done. */
  readonly done: Readonly<Record<StepId, string>>;
  readonly keyed: Keyed;
  readonly refused: readonly Refusal[];
  readonly provisional: readonly ObjectKey[];
  readonly notes: readonly string[];
}

/** The plan. Pure: equal input, equal plan. */
export function makePlan(input: PlanInput): Plan {
  const { pairs, keyed, ground } = input;
  const { changes, unchanged } = objectChanges(pairs, keyed);
  const live = pairs.flatMap((pair) => (pair.live === undefined ? [] : [pair.live]));
  const after = pairs.flatMap((pair) => (pair.after === undefined ? [] : [pair.after]));
  const workloads = workloadImpacts(changes, { live, after });
  const steps = planSteps(input, changes, workloads);
  const number = (type: ObjectChange["type"]): number => changes.filter((change) => change.type === type).length;
  return {
    cloud: { namespace: ground.cloud.namespace, name: ground.cloud.name },
    hash: groundHash(ground, keyed),
    empty: changes.length === 0 && steps.length === 0 && input.refused.length === 0,
    count: { created: number("created"), changed: number("changed"), deleted: number("deleted"), unchanged },
    objects: changes,
    configuration: configurationChanges(changed(changes, live, after), keyed),
    workloads,
    steps,
    dataAtRisk: changes
      .filter(({ type, key }) => type === "deleted" && key.startsWith("PersistentVolumeClaim/"))
      .map(({ key }) => key),
    refused: input.refused,
    provisional: input.provisional,
    notes: input.notes,
  };
}

/** The two sides of each change, renamed ones joined. */
function changed(
  changes: readonly ObjectChange[],
  live: readonly Manifest[],
  after: readonly Manifest[],
): readonly ObjectPair[] {
  const before = new Map(live.map((object) => [objectKey(object), object]));
  const now = new Map(after.map((object) => [objectKey(object), object]));
  return changes.map(({ key, replaces }) => {
    const [was, is] = [before.get(replaces ?? key), now.get(key)];
    return { ...(was === undefined ? {} : { live: was }), ...(is === undefined ? {} : { after: is }) };
  });
}

/** Steps that were never done like this, and those that were and whose objects differ. */
function planSteps(
  { steps, done }: PlanInput,
  changes: readonly ObjectChange[],
  workloads: readonly WorkloadImpact[],
): readonly PlanStep[] {
  const byKey = new Map(changes.map((change) => [change.key, change]));
  const replaced = new Set(
    workloads.filter(({ effect }) => effect === "rolls" || effect === "recreates").map(({ controller }) => controller),
  );
  const running = new Set<StepId>();
  const found: PlanStep[] = [];
  for (const { step, objects, hash } of steps) {
    const written = objects.map(objectKey).filter((key) => byKey.has(key));
    if (done[step.id] === hash && written.length === 0) continue;
    running.add(step.id);
    const { impact } = step;
    found.push({
      id: step.id,
      type: step.type,
      does: step.type === "call" ? [step.action] : written,
      after: step.needs.filter((id) => running.has(id)),
      database: written.some((key) => key.startsWith("Job/")),
      timeoutSeconds: step.timeoutSeconds,
      ...(impact !== undefined && written.some((key) => replaced.has(key)) ? { impact } : {}),
    });
  }
  return found;
}
