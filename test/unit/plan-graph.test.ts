import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Manifest } from "../../src/api/manifest.ts";
import type { Step } from "../../src/api/step.ts";
import { GraphError, orderedSteps } from "../../src/plan/graph.ts";

const call = (id: string, needs: string[], input: Record<string, unknown> = {}): Step => ({
  id,
  type: "call",
  action: "api-answers",
  input,
  needs,
  onFailure: "",
  timeoutSeconds: 1,
});

test("every step comes after those that it needs, whatever the order they are given in", () => {
  // Random graphs without cycles: step n may need only lower ones; then shuffled.
  const graphs = fc
    .integer({ min: 1, max: 20 })
    .chain((size) =>
      fc.tuple(
        fc.array(fc.array(fc.nat()), { minLength: size, maxLength: size }),
        fc.shuffledSubarray([...Array(size).keys()], { minLength: size, maxLength: size }),
      ),
    );
  fc.assert(
    fc.property(graphs, ([needs, order]) => {
      const steps = order.map((n) => call(`w/${n}`, n === 0 ? [] : (needs[n] ?? []).map((need) => `w/${need % n}`)));
      const placed = orderedSteps([{ name: "w", objects: [], steps }]).map(({ step }) => step);
      assert.equal(placed.length, steps.length);
      for (const [index, step] of placed.entries()) {
        const earlier = new Set(placed.slice(0, index).map(({ id }) => id));
        assert.ok(step.needs.every((need) => earlier.has(need)));
      }
    }),
  );
});

test("a cycle, an unknown need and a double are refused by name", () => {
  const run = (steps: Step[]) => () => orderedSteps([{ name: "w", objects: [], steps }]);
  assert.throws(
    run([call("w/a", ["w/b"]), call("w/b", ["w/a"])]),
    (error) => error instanceof GraphError && /w\/a → w\/b → w\/a/.test(error.message),
  );
  assert.throws(run([call("w/a", ["w/nothing"])]), /w\/a needs w\/nothing/);
  assert.throws(run([call("w/a", []), call("w/a", [])]), /two steps are named w\/a/);
});

test("objects that no step names come first, and only their own workload waits for them", () => {
  const config: Manifest = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "c", namespace: "n" } };
  const placed = orderedSteps([
    { name: "a", objects: [config], steps: [call("a/x", [])] },
    { name: "b", objects: [], steps: [call("b/x", [])] },
  ]);
  const needs = Object.fromEntries(placed.map(({ step }) => [step.id, step.needs]));
  assert.deepEqual(needs, { "a/base": [], "a/x": ["a/base"], "b/x": [] });
});

test("a step's hash follows its content, not the order of keys", () => {
  const hash = (input: Record<string, unknown>) =>
    orderedSteps([{ name: "w", objects: [], steps: [call("w/a", [], input)] }])[0]?.hash;
  assert.equal(hash({ a: 1, b: 2 }), hash({ b: 2, a: 1 }));
  assert.notEqual(hash({ a: 1 }), hash({ a: 2 }));
});
