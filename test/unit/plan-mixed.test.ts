import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Manifest, objectKey } from "../../src/api/manifest.ts";
import { orderedSteps, type PlannedStep } from "../../src/plan/graph.ts";
import { mixedSteps } from "../../src/plan/mixed.ts";

const NAMES = ["a", "b", "c", "d", "e", "f"];

/** One version of a cloud: for each workload that it has a configuration of some content, and a Deployment that names it. */
const version = fc.dictionary(fc.constantFrom(...NAMES), fc.integer({ min: 1, max: 3 }), { noNullPrototype: true });

function steps(settings: Readonly<Record<string, number>>): readonly PlannedStep[] {
  const names = Object.keys(settings).toSorted();
  return orderedSteps(
    names.map((name, index) => {
      const config: Manifest = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: `${name}-${settings[name]}`, namespace: "n" },
      };
      const job: Manifest = {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: `${name}-db-${settings[name]}`, namespace: "n" },
      };
      const pods: Manifest = {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name, namespace: "n" },
        uses: config.metadata.name,
      };
      const before = names[index - 1];
      const common = { type: "apply", until: "ready", onFailure: "Look.", timeoutSeconds: 9 } as const;
      return {
        name,
        objects: [config, job, pods],
        steps: [
          {
            ...common,
            id: `${name}/db`,
            objects: [objectKey(job)],
            needs: before === undefined ? [] : [`${before}/run`],
          },
          { ...common, id: `${name}/run`, objects: [objectKey(pods)], needs: [`${name}/db`] },
        ],
      };
    }),
  );
}

test("of an aborted plan each step is on one side, in order, and nothing that pods name goes", () => {
  fc.assert(
    fc.property(version, version, fc.nat(), (before, after, cut) => {
      const [previous, next] = [steps(before), steps(after)];
      // What was done is a beginning of the order.
      const kept = next.slice(cut % (next.length + 1)).map(({ step }) => step.id);
      const mixed = mixedSteps(next, previous, kept);
      const ids = mixed.map(({ step }) => step.id);
      assert.equal(new Set(ids).size, ids.length, "no step twice");
      const keys = mixed.flatMap(({ objects }) => objects.map(objectKey));
      assert.equal(new Set(keys).size, keys.length, "no object twice");
      const seen = new Set<string>();
      for (const { step } of mixed) {
        for (const need of step.needs) assert.ok(seen.has(need), `${step.id} comes after ${need}`);
        seen.add(step.id);
      }
      for (const { step } of next)
        if (!kept.includes(step.id)) assert.ok(ids.includes(step.id), `${step.id} is done and stays`);
      const names = new Set(mixed.flatMap(({ objects }) => objects.map(({ metadata }) => metadata.name)));
      for (const { objects } of mixed)
        for (const object of objects)
          if (typeof object["uses"] === "string")
            assert.ok(names.has(object["uses"]), `${object.metadata.name} has its configuration`);
    }),
    { numRuns: 400 },
  );
});

test("nothing kept: all is new; all kept: all is as before", () => {
  const [previous, next] = [steps({ a: 1, b: 1 }), steps({ a: 2, b: 2 })];
  const keys = (all: readonly PlannedStep[]): string[] =>
    all.flatMap(({ objects }) => objects.map(objectKey)).toSorted();
  const all = next.map(({ step }) => step.id);
  assert.deepEqual(keys(mixedSteps(next, previous, all)), keys(previous));
  assert.deepEqual(keys(mixedSteps(next, [], [])), keys(next));
});
