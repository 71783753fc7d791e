// plan: what is to be done, in which order, and a hash of it; pure.
import { type Manifest, type ObjectKey, objectKey } from "../api/manifest.ts";
import type { Step, StepId } from "../api/step.ts";
import { contentHash } from "../content/canonical.ts";

/** A step with what it writes and the hash of all that it does. */
export interface PlannedStep {
  readonly step: Step;
  readonly objects: readonly Manifest[];
  /** Hex SHA-256, first 16: equal content is equal work, done once. */
  readonly hash: string;
}

/** What one workload wants: its objects and the order in which they come to life. */
export interface WorkloadPart {
  readonly name: string;
  readonly objects: readonly Manifest[];
  readonly steps: readonly Step[];
}

/** A graph that cannot be run: a step needs one that does not exist, or waits for itself. */
export class GraphError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "GraphError";
  }
}

/**
 * All steps of all workloads, each after those that it needs. Objects that no step names form a first step
 * `<workload>/base` of their workload.
 * Throws GraphError for unknown needs or objects, doubles and cycles.
 */
export function orderedSteps(parts: readonly WorkloadPart[]): readonly PlannedStep[] {
  const planned = new Map<StepId, PlannedStep>();
  for (const step of parts.flatMap(plannedSteps)) {
    if (planned.has(step.step.id)) throw new GraphError(`two steps are named ${step.step.id}`);
    planned.set(step.step.id, step);
  }
  const order: PlannedStep[] = [];
  const state = new Map<StepId, "open" | "placed">();
  const place = (id: StepId, trail: readonly StepId[]): void => {
    if (state.get(id) === "placed") return;
    if (state.get(id) === "open") throw new GraphError(`steps wait for each other: ${[...trail, id].join(" → ")}`);
    const found = planned.get(id);
    if (found === undefined) throw new GraphError(`step ${trail.at(-1) ?? "?"} needs ${id}, which does not exist`);
    state.set(id, "open");
    for (const need of found.step.needs) place(need, [...trail, id]);
    state.set(id, "placed");
    order.push(found);
  };
  for (const id of planned.keys()) place(id, []);
  return order;
}

function plannedSteps(part: WorkloadPart): PlannedStep[] {
  const byKey = new Map<ObjectKey, Manifest>(part.objects.map((object) => [objectKey(object), object]));
  if (byKey.size !== part.objects.length) throw new GraphError(`workload ${part.name} builds an object twice`);
  const named = new Set<ObjectKey>(part.steps.flatMap((step) => (step.type === "apply" ? step.objects : [])));
  const base = part.objects.filter((object) => !named.has(objectKey(object)));
  const baseId = `${part.name}/base`;
  const steps: Step[] = part.steps.map((step) =>
    base.length > 0 ? { ...step, needs: [baseId, ...step.needs] } : step,
  );
  if (base.length > 0) {
    steps.unshift({
      id: baseId,
      type: "apply",
      objects: base.map(objectKey),
      until: "applied",
      needs: [],
      onFailure: "Read the message: the API server says which field it refuses.",
      timeoutSeconds: 60,
    });
  }
  return steps.map((step) => {
    const objects = step.type === "apply" ? step.objects.map((key) => find(byKey, key, step.id)) : [];
    return { step, objects, hash: stepHash(step, objects) };
  });
}

function find(byKey: ReadonlyMap<ObjectKey, Manifest>, key: ObjectKey, step: StepId): Manifest {
  const object = byKey.get(key);
  if (object === undefined) throw new GraphError(`step ${step} names ${key}, which its workload does not build`);
  return object;
}

function stepHash(step: Step, objects: readonly Manifest[]): string {
  const content = step.type === "apply" ? [step.until, objects] : [step.action, step.input];
  return contentHash(content).slice(0, 16);
}
