import assert from "node:assert/strict";
import { test } from "node:test";
import { differenceLines } from "../../src/cli/render/plan-difference.ts";
import type { ObjectChange } from "../../src/plan/changes.ts";
import type { PlanContent } from "../../src/plan/content.ts";
import { planDifference } from "../../src/plan/difference.ts";
import { makePlan, type PlanStep } from "../../src/plan/plan.ts";
import { keyedBy } from "../../src/plan/secrets.ts";
import { fixedCloud } from "./build-input.ts";
import { storedPlan } from "./stored-plans.ts";

const { spec } = fixedCloud();
const ground = { cloud: { namespace: "laptop", name: "laptop", generation: 1, spec }, home: "h", operator: "o" };
const EMPTY = makePlan({
  ground: { ...ground, images: {}, catalogue: "c", steps: {}, hypervisors: [], live: [], manager: "m" },
  pairs: [],
  steps: [],
  done: {},
  keyed: keyedBy("key"),
  refused: [],
  provisional: [],
  notes: [],
});

const step = (id: string, does: readonly string[]): PlanStep => ({
  id,
  type: "apply",
  does,
  after: [],
  database: false,
  timeoutSeconds: 60,
});
const object = (key: string, after: unknown): ObjectChange => ({
  type: "changed",
  key,
  fields: [{ path: "spec.replicas", before: 1, after }],
});

function content(objects: readonly ObjectChange[], steps: readonly PlanStep[], more: object = {}): PlanContent {
  const after = fixedCloud(more as Readonly<Record<string, unknown>>).spec;
  return { formatVersion: 1, plan: { ...EMPTY, objects, steps }, before: spec, after };
}

const first = content(
  [
    object("Deployment/laptop/glance", 2),
    object("Deployment/laptop/nova", 2),
    object("ConfigMap/laptop/a-0123456789", 1),
  ],
  [step("glance/run", ["Deployment/laptop/glance"]), step("nova/run", [])],
);
const second = content(
  [object("Deployment/laptop/glance", 3), object("Service/laptop/new", 2), object("ConfigMap/laptop/a-abcdef0123", 1)],
  [step("glance/run", ["Deployment/laptop/glance"])],
  { region: "West" },
);

test("what is in one plan alone, and what is in both with a difference", () => {
  const { spec: fields, from, objects, steps, same } = planDifference(first, second);
  assert.deepEqual(fields, [{ path: "region", before: "RegionOne", after: "West" }]);
  assert.deepEqual(from, []);
  assert.deepEqual(
    objects.map(({ name, first: one, second: other }) => [name, one !== undefined, other !== undefined]),
    [
      ["Deployment/laptop/glance", true, true],
      ["Deployment/laptop/nova", true, false],
      ["ConfigMap/laptop/a", true, true],
      ["Service/laptop/new", false, true],
    ],
  );
  assert.deepEqual(
    steps.map(({ name }) => name),
    ["nova/run"],
  );
  assert.deepEqual(same, { objects: 0, steps: 1 });
});

test("for people: what they lead to, and each thing by name, within the width", () => {
  const [one, other] = [storedPlan({}, "laptop-1"), storedPlan({ phase: "Succeeded" }, "laptop-2")];
  const lines = differenceLines({ first: one, second: other, difference: planDifference(first, second) }, 80);
  const text = lines.join("\n");
  assert.match(text, /\n {2}region: "RegionOne" → "West"\n/);
  assert.match(text, /\n {2}Deployment\/laptop\/glance: other values at spec\.replicas\n/);
  assert.match(text, /\n {2}Deployment\/laptop\/nova: changed in laptop-1 alone\n/);
  assert.match(text, /\n {2}nova\/run: runs in laptop-1 alone\n/);
  assert.match(text, /phase +Running +Succeeded/);
  const same = differenceLines({ first: one, second: one, difference: planDifference(first, first) }, 80).join("\n");
  assert.match(same, /\n {2}It is the same\.\n[^]*3 objects and 2 steps are the same in both\.$/);
});
