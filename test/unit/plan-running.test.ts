import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { expectationOf } from "../../src/plan/expected.ts";
import type { PlanStep } from "../../src/plan/plan.ts";
import {
  abortedSteps,
  beganAt,
  isAborted,
  mayRun,
  phaseOf,
  type RunningPlan,
  stepStatuses,
  type StepView,
  withAction,
  withPass,
} from "../../src/plan/running.ts";

const START = "2026-01-01T00:00:00.000Z";
const at = (seconds: number): Date => new Date(Date.parse(START) + seconds * 1000);
const NOTHING: RunningPlan = { plan: "p", startedAt: START, ended: {} };

function step(id: string, after: readonly string[] = [], timeoutSeconds = 60): PlanStep {
  return { id, after, timeoutSeconds, type: "apply", does: [], database: false };
}

const STEPS = [step("a"), step("b", ["a"]), step("c", ["a"]), step("d", ["b", "c"])];
const views = (states: Readonly<Record<string, StepView["state"]>>): ReadonlyMap<string, StepView> =>
  new Map(Object.entries(states).map(([id, state]) => [id, { state, message: "m" }]));
const statuses = (running: RunningPlan, pass: ReadonlyMap<string, StepView>, now: Date) =>
  stepStatuses(running, STEPS, {
    pass,
    expected: { ...expectationOf({ steps: STEPS, workloads: [] }, []), steps: { a: 5 } },
    now,
    onFailure: () => "Look at it.",
  });

test("a step begins when the last of those before it is done, and takes from then to its end", () => {
  let running = withPass(NOTHING, STEPS, views({ a: "done", b: "running", c: "running", d: "blocked" }), at(2));
  running = withPass(running, STEPS, views({ a: "done", b: "done", c: "running", d: "blocked" }), at(5));
  assert.equal(beganAt(running, ["b", "c"]), undefined);
  running = withPass(running, STEPS, views({ a: "done", b: "done", c: "done", d: "running" }), at(9));
  const told = statuses(running, views({ a: "done", b: "done", c: "done", d: "running" }), at(10));
  assert.deepEqual(
    told.map(({ id, state, seconds, startedAt }) => [id, state, seconds, startedAt]),
    [
      ["a", "Done", 2, START],
      ["b", "Done", 3, at(2).toISOString()],
      ["c", "Done", 7, at(2).toISOString()],
      ["d", "Running", undefined, at(9).toISOString()],
    ],
  );
  assert.equal(told[0]?.expectedSeconds, 5);
});

test("whenever it is looked at, a step that is done keeps its time, and no step has times without those before it", () => {
  const pass = fc.record({ at: fc.integer({ min: 0, max: 9 }), done: fc.subarray(["a", "b", "c", "d"]) });
  fc.assert(
    fc.property(fc.array(pass), (passes) => {
      let running = NOTHING;
      let now = 0;
      const closed = new Set<string>();
      for (const one of passes) {
        now += one.at;
        for (const { id, after } of STEPS)
          if (one.done.includes(id) && after.every((need) => closed.has(need))) closed.add(id);
        const seen = views(Object.fromEntries(STEPS.map(({ id }) => [id, closed.has(id) ? "done" : "running"])));
        const next = withPass(running, STEPS, seen, at(now));
        for (const [id, time] of Object.entries(running.ended)) assert.equal(next.ended[id], time);
        running = next;
        for (const { state, seconds, startedAt } of statuses(running, seen, at(now))) {
          if (state === "Done") assert.ok(seconds !== undefined && seconds >= 0 && startedAt !== undefined);
          if (state === "Waiting") assert.equal(startedAt, undefined);
        }
      }
      assert.deepEqual(Object.keys(running.ended).toSorted(), [...closed].toSorted());
    }),
  );
});

test("a step that fails, or takes longer than it may, is told so, and the plan counts as failed until it succeeds", () => {
  const failed = withPass(NOTHING, STEPS, views({ a: "failed" }), at(1));
  assert.equal(phaseOf(failed), "Failed");
  assert.deepEqual(statuses(failed, views({ a: "failed" }), at(1))[0], {
    id: "a",
    after: [],
    expectedSeconds: 5,
    state: "Failed",
    startedAt: START,
    message: "m",
    next: "Look at it.",
  });
  const late = withPass(NOTHING, STEPS, views({ a: "running" }), at(61));
  assert.equal(phaseOf(late), "Failed");
  assert.match(statuses(late, views({ a: "running" }), at(61))[0]?.message ?? "", /longer than the 60 s/);
  const well = withPass(late, STEPS, views({ a: "done", b: "running", c: "running" }), at(70));
  assert.equal(phaseOf(well), "Running");
});

test("paused or aborted, only what ran goes on", () => {
  const held = withAction(NOTHING, "Pause", ["b"]);
  assert.deepEqual(
    [mayRun(held, "b"), mayRun(held, "c"), mayRun(NOTHING, "c"), mayRun(undefined, "c")],
    [true, false, true, true],
  );
  assert.equal(phaseOf(held), "Paused");
  assert.deepEqual(withAction(held, "Abort", ["c"]).held, ["b"], "what ran first counts");
  assert.deepEqual(withAction(held, "Run", []), { ...NOTHING, interrupted: true });
  assert.equal(withAction(NOTHING, "Run", []), NOTHING);
  const isOver = (states: Parameters<typeof views>[0], seconds: number, steps = STEPS): boolean =>
    isAborted({ ...held, ended: { a: at(1).toISOString() } }, steps, views(states), at(seconds));
  assert.deepEqual([isOver({ b: "running" }, 60), isOver({ b: "failed", c: "running" }, 2)], [false, true]);
  assert.ok(isOver({ b: "running" }, 62), "what never ends does not hold it up");
  const migration = STEPS.map((one) => ({ ...one, database: true }));
  assert.ok(!isOver({ b: "running" }, 3600, migration), "a database is not left in the middle");
  const told = abortedSteps(statuses({ ...held, ended: { a: at(1).toISOString() } }, views({ b: "failed" }), at(2)));
  assert.deepEqual(
    told.map(({ id, state, side }) => [id, state, side]),
    [
      ["a", "Done", "New"],
      ["b", "Skipped", "Old"],
      ["c", "Skipped", "Old"],
      ["d", "Skipped", "Old"],
    ],
  );
});
