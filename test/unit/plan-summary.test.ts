// What a Plan says of itself in short: from the builders' own plans, and bounded whatever a plan is.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { planStatus } from "../../src/api/plan-status.ts";
import type { Expectation } from "../../src/plan/expected.ts";
import type { ObjectChange } from "../../src/plan/changes.ts";
import type { Effect, WorkloadImpact } from "../../src/plan/impact.ts";
import type { Plan, PlanStep } from "../../src/plan/plan.ts";
import { summaryOf } from "../../src/plan/summary.ts";

const UNKNOWN: Expectation = { steps: {}, beyondSteps: 0 };
const EMPTY: Plan = {
  cloud: { namespace: "west", name: "west" },
  hash: "0".repeat(64),
  empty: false,
  count: { created: 0, changed: 0, deleted: 0, unchanged: 100 },
  objects: [],
  configuration: [],
  workloads: [],
  steps: [],
  dataAtRisk: [],
  refused: [],
  provisional: [],
  notes: [],
};

function effect(workload: string, what: Effect, name = workload): WorkloadImpact {
  return { workload, controller: `Deployment/west/${name}`, effect: what, because: [] };
}

function step(id: string, part: Partial<PlanStep> = {}): PlanStep {
  return { id, type: "apply", does: [], after: [], database: false, timeoutSeconds: 60, ...part };
}

const text = (part: Partial<Plan>): string => summaryOf({ ...EMPTY, ...part }, UNKNOWN).text;
const takenBack = (part: Partial<Plan>): string => summaryOf({ ...EMPTY, ...part }, UNKNOWN).takenBack;

test("the line says what happens to which workload, what is worst first", () => {
  const workloads = [effect("nova", "reloads", "nova-api"), effect("nova", "reloads"), effect("keystone", "rolls")];
  assert.equal(text({ workloads }), "keystone rolls; nova options reload");
  const more = [effect("mariadb", "recreates"), effect("glance", "rolls"), effect("placement", "rolls")];
  assert.equal(text({ workloads: more }), "mariadb restarts; glance and placement roll");
});

test("a workload stands once, with the worst that happens to one of its parts", () => {
  assert.equal(text({ workloads: [effect("nova", "reloads"), effect("nova", "rolls", "nova-api")] }), "nova rolls");
});

test("a first start is a new cloud, also beside a password that the user made before", () => {
  const workloads = ["a", "b", "c"].map((name) => effect(name, "starts"));
  const count = { created: 90, changed: 0, deleted: 0, unchanged: 1 };
  assert.equal(text({ workloads, count }), "a new cloud: 3 workloads");
  assert.equal(text({ workloads, count: { ...count, unchanged: 90 } }), "a, b and c start");
  assert.match(takenBack({ workloads, count }), /^No: nothing was there before/);
});

test("without an effect on pods the line tells options, objects, or steps", () => {
  const line = { object: "x", file: "90-mutable.conf", group: "DEFAULT", option: "debug", before: [], after: ["true"] };
  assert.equal(text({ configuration: [{ workload: "nova", ...line }] }), "1 option of nova");
  assert.equal(
    text({ count: { created: 1, changed: 2, deleted: 0, unchanged: 5 } }),
    "1 object created, 2 objects changed",
  );
  assert.equal(text({ steps: [step("a/b")] }), "1 step again, no object changes");
  assert.equal(text({ empty: true }), "nothing to do");
  assert.equal(text({ refused: [{ key: "Service/west/a", message: "no" }] }), "1 object refused");
});

test("many names give way to their number", () => {
  const workloads = Array.from({ length: 40 }, (_, n) => effect(`workload-${n}`, n < 10 ? "recreates" : "rolls"));
  assert.equal(text({ workloads }), "10 workloads restart; 30 workloads roll");
});

function job(part: Partial<ObjectChange>): ObjectChange {
  return { type: "changed", key: "Job/west/nova-db-2", fields: [], ...part };
}

test("whether it can be taken back", () => {
  const image = { path: "spec.template.spec.containers[db].image", before: "a", after: "b" };
  const account = { path: "spec.template.spec.volumes[secret].secret.secretName", before: "a", after: "b" };
  const steps = [step("nova/db", { does: ["Job/west/nova-db-2"], database: true })];
  assert.equal(takenBack({}), "Yes: underpin undo PLAN");
  assert.match(
    takenBack({ steps, objects: [job({ fields: [image] })] }),
    /^Only until the databases are changed: nova\/db/,
  );
  assert.match(takenBack({ steps, objects: [job({ fields: [account] })] }), /^Yes/);
  assert.match(takenBack({ steps, objects: [job({ type: "created" })] }), /^Yes: .*Databases that it makes stay/);
  const dataAtRisk = ["PersistentVolumeClaim/west/data-mariadb-0"];
  assert.equal(
    takenBack({ dataAtRisk, steps }),
    "No: volumes are deleted, and what they hold with them: data-mariadb-0",
  );
  assert.equal(takenBack({ empty: true }), "There is nothing to take back");
});

const FAILS = { level: "Fails", on: "every API", seconds: 30 } as const;
const SLOW = { level: "ReadsSlow", on: "every API", seconds: 10 } as const;

test("the worst impact, for as long as it was measured, else as long as it is declared", () => {
  const steps = [step("a/a"), step("b/b", { impact: FAILS, after: ["a/a"] }), step("c/c", { impact: SLOW })];
  const known = { steps: { "a/a": 5, "b/b": 12, "c/c": 3 }, beyondSteps: 0, seconds: 17 };
  const plan = { ...EMPTY, steps };
  assert.deepEqual(summaryOf(plan, known).impact, { level: "Fails", on: "every API", seconds: 12 });
  assert.equal(summaryOf(plan, known).expectedSeconds, 17);
  assert.deepEqual(summaryOf(plan, UNKNOWN).impact, { level: "Fails", on: "every API", seconds: 30 });
  const undeclared = [step("b/b", { impact: { level: "Fails", on: "every API" } })];
  assert.deepEqual(summaryOf({ ...EMPTY, steps: undeclared }, UNKNOWN).impact, { level: "Fails", on: "every API" });
  assert.deepEqual(summaryOf(EMPTY, known).impact, { level: "None" });
});

test("what is taken away fails for good", () => {
  const plan = { ...EMPTY, workloads: [effect("glance", "stops"), effect("nova", "rolls")] };
  assert.deepEqual(summaryOf(plan, UNKNOWN).impact, { level: "Fails", on: "what is taken away: glance" });
});

test("two impacts at the same time count once, two after each other add up", () => {
  const both = (after: readonly string[]): Plan => ({
    ...EMPTY,
    steps: [step("a/a", { impact: FAILS }), step("b/b", { impact: { ...FAILS, on: "traffic of guests" }, after })],
  });
  const known = { steps: { "a/a": 10, "b/b": 4 }, beyondSteps: 0 };
  assert.deepEqual(summaryOf(both([]), known).impact, {
    level: "Fails",
    on: "every API, traffic of guests",
    seconds: 10,
  });
  assert.deepEqual(summaryOf(both(["a/a"]), known).impact.seconds, 14);
});

const words = fc.string({ unit: "binary", maxLength: 2_000 });
const plans: fc.Arbitrary<Plan> = fc
  .record({
    names: fc.array(words, { maxLength: 300 }),
    refused: fc.array(words, { maxLength: 100 }),
    dataAtRisk: fc.array(words, { maxLength: 100 }),
    effects: fc.array(fc.constantFrom<Effect>("starts", "stops", "rolls", "recreates", "waits", "scales", "reloads"), {
      minLength: 1,
      maxLength: 7,
    }),
  })
  .map(({ names, refused, dataAtRisk, effects }) => ({
    ...EMPTY,
    workloads: names.map((name, n) => effect(name, effects[n % effects.length] ?? "rolls")),
    steps: names.map((name, n) => step(`s/${n}`, { impact: { level: "Fails", on: name } })),
    refused: refused.map((message) => ({ key: "Service/west/a", message })),
    dataAtRisk,
  }));

test("whatever the plan is, the summary fits into the Plan, is the same each time, and cuts no list in silence", () => {
  const { summary: schema } = planStatus.shape;
  fc.assert(
    fc.property(plans, (plan) => {
      const summary = summaryOf(plan, UNKNOWN);
      assert.ok(Buffer.byteLength(JSON.stringify(summary)) <= 32 * 1024);
      assert.ok(summary.text.length <= 120);
      schema.parse(summary);
      assert.deepEqual(summaryOf(plan, UNKNOWN), summary);
      for (const [told, all] of [
        [summary.refused, plan.refused],
        [summary.dataAtRisk, plan.dataAtRisk],
      ] as const)
        if (told.length < all.length) assert.match(told.at(-1) ?? "", /^… and \d+ more$/);
    }),
    { numRuns: 50 },
  );
});
