// Expected seconds from earlier executions: by examples, by properties, and on simulated executions of the product's own graph.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { buildDesired } from "../../src/desired/objects.ts";
import {
  type Execution,
  expectationOf,
  keptRecords,
  recordsOf,
  remainingSeconds,
  type StepRecord,
} from "../../src/plan/expected.ts";
import type { PlanStep } from "../../src/plan/plan.ts";
import { endOf, schedule } from "../../src/plan/schedule.ts";
import { type Planned, worksOf } from "../../src/plan/works.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedCloud, fixedInput } from "./build-input.ts";

const workloads = await loadWorkloads();

function step(id: string, part: Partial<PlanStep> = {}): PlanStep {
  return {
    id,
    type: "apply",
    does: [`Deployment/west/${id}`],
    after: [],
    database: false,
    timeoutSeconds: 60,
    ...part,
  };
}

function rolling(...steps: readonly PlanStep[]): Planned {
  return {
    steps,
    workloads: steps
      .flatMap(({ does }) => does)
      .map((controller) => ({ workload: controller, controller, effect: "rolls", because: [] })),
  };
}

/** When the run of a number ended. */
const at = (run: number): string => new Date(Date.UTC(2026, 0, 1, run)).toISOString();

function executed(plan: Planned, run: number, seconds: Readonly<Record<string, number>>, beyond = 0): Execution {
  const end = endOf(
    plan.steps,
    schedule(plan.steps, (id) => seconds[id]),
  );
  const steps = plan.steps.map(({ id }) => ({ id, seconds: seconds[id] ?? 0, endedAt: at(run) }));
  return { steps, seconds: (end ?? 0) + beyond, endedAt: at(run) };
}

const PAIR = rolling(step("a/a"), step("b/b", { after: ["a/a"] }), step("c/c"));

test("the kind of work tells rolling from finding, writing, calling, and a Job", () => {
  const plan: Planned = {
    ...PAIR,
    steps: [
      ...PAIR.steps,
      step("d/config", { does: ["ConfigMap/west/d"] }),
      step("e/found", { does: [] }),
      step("f/db", { does: ["Job/west/f"], database: true }),
      step("g/answers", { type: "call", does: ["api-answers"] }),
    ],
  };
  assert.deepEqual(
    [...worksOf(plan)],
    [
      ["a/a", "rolls/4"],
      ["b/b", "rolls/4"],
      ["c/c", "rolls/4"],
      ["d/config", "applies/4"],
      ["e/found", "finds/4"],
      ["f/db", "job/4"],
      ["g/answers", "call/4"],
    ],
  );
});

test("the same again is expected to take the same, and what came beside the steps with it", () => {
  const records = recordsOf(PAIR, executed(PAIR, 1, { "a/a": 10, "b/b": 5, "c/c": 12 }, 1.5));
  const expected = expectationOf(PAIR, records);
  assert.deepEqual(expected.steps, { "a/a": 10, "b/b": 5, "c/c": 12 });
  assert.equal(expected.seconds, 16.5);
});

test("nothing is expected of what nobody did, and nothing of a whole with such a step", () => {
  assert.deepEqual(expectationOf(PAIR, []), { steps: {}, beyondSteps: 0 });
  const one = rolling(step("a/a"));
  const call = { ...PAIR, steps: [...PAIR.steps, step("d/answers", { type: "call", does: ["api-answers"] })] };
  const expected = expectationOf(call, recordsOf(one, executed(one, 1, { "a/a": 10 })));
  // The others roll as a/a did; a call was never made.
  assert.deepEqual(expected.steps, { "a/a": 10, "b/b": 10, "c/c": 10 });
  assert.equal(expected.seconds, undefined);
});

function record(seconds: number, run: number, part: Partial<StepRecord> = {}): StepRecord {
  return { id: "a/a", seconds, work: "rolls/1", endedAt: at(run), ...part };
}

const ONE = rolling(step("a/a"));
const expectedOfOne = (records: readonly StepRecord[]): number | undefined => expectationOf(ONE, records).steps["a/a"];

test("one exception among several does not count, two of the latest are believed", () => {
  assert.equal(expectedOfOne([record(10, 1), record(60, 2), record(11, 3), record(10, 4)])?.toFixed(0), "10");
  assert.equal(expectedOfOne([record(10, 1), record(10, 2), record(10, 3), record(30, 4), record(30, 5)]), 30);
  assert.equal(expectedOfOne([record(40, 1), record(10, 2)]), 10, "the first time is often the slow one");
});

test("what the step itself did amid as much else goes first, then itself, then others", () => {
  const busy = record(30, 1, { work: "rolls/8" });
  const other = record(5, 1, { id: "z/z" });
  const otherKind = record(90, 1, { work: "recreates/1" });
  assert.equal(expectedOfOne([record(10, 1), busy, other, otherKind]), 10);
  assert.equal(expectedOfOne([busy, other, otherKind]), 30);
  assert.equal(expectedOfOne([other, otherKind]), 5);
  assert.equal(expectedOfOne([otherKind]), undefined);
});

test("a record that cannot be believed is none", () => {
  const bad = [record(Number.NaN, 1), record(-1, 2), record(5, 3, { endedAt: "yesterday" })];
  assert.equal(expectedOfOne(bad), undefined);
  assert.equal(expectedOfOne([...bad, record(7, 1)]), 7);
});

test("what is kept is bounded, and expects the same", () => {
  const records = Array.from({ length: 3_000 }, (_, n) => record(n % 7, n, { id: `s/${n % 40}` }));
  const kept = keptRecords(records);
  assert.equal(kept.length, 200);
  for (const id of ["s/0", "s/39"]) {
    const plan = rolling(step(id));
    assert.deepEqual(expectationOf(plan, kept), expectationOf(plan, records));
  }
});

const standing = (
  now: string,
  steps: Parameters<typeof remainingSeconds>[2]["steps"],
): Parameters<typeof remainingSeconds>[2] => ({
  now,
  steps,
});

test("what remains of a running plan", () => {
  const expected = { steps: { "a/a": 10, "b/b": 5, "c/c": 12 }, seconds: 16, beyondSteps: 1 };
  const moment = (seconds: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString();
  const running = { state: "Running", startedAt: moment(0) } as const;
  const steps = { "a/a": running, "b/b": { state: "Waiting" }, "c/c": running } as const;
  assert.equal(remainingSeconds(PAIR, expected, standing(moment(0), steps)), 16);
  assert.equal(remainingSeconds(PAIR, expected, standing(moment(4), steps)), 12);
  assert.equal(remainingSeconds(PAIR, expected, standing(moment(40), steps)), 7, "overdue: a second more, then b/b");
  const done = { state: "Done" } as const;
  assert.equal(remainingSeconds(PAIR, expected, standing(moment(9), { ...steps, "a/a": done })), 6);
  assert.equal(remainingSeconds(PAIR, expected, standing(moment(9), { "a/a": done, "b/b": done, "c/c": done })), 0);
  const failed = { ...steps, "a/a": { state: "Failed" } } as const;
  assert.equal(remainingSeconds(PAIR, expected, standing(moment(9), failed)), undefined);
  assert.equal(remainingSeconds(PAIR, { steps: { "a/a": 10 }, beyondSteps: 0 }, standing(moment(1), steps)), undefined);
});

/** Graphs whose steps come after some of the earlier ones. */
const graphs: fc.Arbitrary<Planned> = fc
  .array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 25 })
  .map((needs) => {
    const steps = needs.map((list, n) =>
      step(`s/${n}`, { after: n === 0 ? [] : [...new Set(list.map((need) => `s/${need % n}`))] }),
    );
    return rolling(...steps);
  });
const lengths = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 25, maxLength: 25 });
const secondsOf = (plan: Planned, list: readonly number[]): Record<string, number> =>
  Object.fromEntries(plan.steps.map(({ id }, n) => [id, (list[n] ?? 0) / 10]));

test("the whole is as long as its slowest path: no shorter than any step, no longer than all together", () => {
  fc.assert(
    fc.property(graphs, lengths, (plan, list) => {
      const seconds = secondsOf(plan, list);
      const expected = expectationOf(plan, recordsOf(plan, executed(plan, 1, seconds))).seconds ?? -1;
      const all = Object.values(seconds);
      assert.ok(expected >= Math.max(...all) - 0.06);
      assert.ok(expected <= all.reduce((sum, one) => sum + one, 0) + 0.06);
    }),
  );
});

test("an expectation lies between what was measured, whatever the order of the records", () => {
  const list = fc.array(fc.tuple(fc.integer({ min: 0, max: 600 }), fc.nat({ max: 9 })), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(list, fc.integer(), (found, seed) => {
      const records = found.map(([seconds, run]) => record(seconds, run));
      const expected = expectedOfOne(records) ?? -1;
      assert.ok(expected >= Math.min(...found.map(([seconds]) => seconds)) - 0.06);
      assert.ok(expected <= Math.max(...found.map(([seconds]) => seconds)) + 0.06);
      const shuffled = records.toSorted((a, b) => Math.sin(seed + a.seconds) - Math.sin(seed + b.seconds));
      assert.equal(expectedOfOne(shuffled), expected);
    }),
  );
});

test("what remains never grows while everything goes as expected", () => {
  fc.assert(
    fc.property(graphs, lengths, (plan, list) => {
      const expected = expectationOf(plan, recordsOf(plan, executed(plan, 1, secondsOf(plan, list))));
      const spans = schedule(plan.steps, (id) => expected.steps[id]);
      let last = Infinity;
      for (let now = 0; now <= (expected.seconds ?? 0) + 1; now += 1) {
        const steps = Object.fromEntries(
          [...spans].map(([id, { from, to }]) => {
            const state = to <= now ? "Done" : from <= now ? "Running" : "Waiting";
            return [id, { state, startedAt: new Date(from * 1000).toISOString() } as const];
          }),
        );
        const left = remainingSeconds(plan, expected, standing(new Date(now * 1000).toISOString(), steps)) ?? -1;
        assert.ok(left <= last + 0.11, `${left} s after ${last} s`);
        // A step that has less than a second to go is given one.
        assert.ok(Math.abs(left - Math.max(0, (expected.seconds ?? 0) - now)) <= 1.11);
        last = left;
      }
    }),
    { numRuns: 50 },
  );
});

/** The product's own graph, everything that has pods rolling. */
function ownGraph(): Planned {
  const { steps } = buildDesired(workloads, fixedInput(workloads, fixedCloud({})));
  return rolling(
    ...steps.map(({ step: { id, type, needs }, objects }) => {
      const does = type === "call" ? ["call"] : objects.map(({ kind, metadata }) => `${kind}/west/${metadata.name}`);
      return step(id, { type, does, after: needs, database: objects.some(({ kind }) => kind === "Job") });
    }),
  );
}

/** Numbers that look random, between 0 and 1, the same for the same seed. */
function random(seed: number): () => number {
  let state = seed + 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Lengths of one run: around the usual ones, one in twenty two or three times as long, all of a first run longer. */
function noisy(usual: Readonly<Record<string, number>>, run: number, next: () => number, rarely = 0.05) {
  const bell = (): number => next() + next() + next() + next() - 2;
  return Object.fromEntries(
    Object.entries(usual).map(([id, seconds]) => {
      const rare = next() < rarely ? 2 + next() : 1;
      return [id, seconds * Math.max(0.3, 1 + 0.17 * bell()) * (run === 1 ? 1.3 : 1) * rare] as const;
    }),
  );
}

const within = (expected: number, measured: number): boolean =>
  Math.abs(expected - measured) <= Math.max(2, 0.25 * measured);

test("on the third run nine of ten steps take what was expected, within 25 % or 2 s, and the whole in nine of ten plans", (t) => {
  const plan = ownGraph();
  assert.ok(plan.steps.length > 30);
  const RUNS = 200;
  const hits = { steps: 0, all: 0, whole: 0 };
  for (let seed = 0; seed < RUNS; seed += 1) {
    const next = random(seed * 7_919);
    // From a tenth of a second to half a minute, most of them short.
    const usual = Object.fromEntries(plan.steps.map(({ id }) => [id, 0.1 * 300 ** next()]));
    const first = executed(plan, 1, noisy(usual, 1, next), 1);
    const second = executed(plan, 2, noisy(usual, 2, next), 1);
    const third = executed(plan, 3, noisy(usual, 3, next), 1);
    const expected = expectationOf(plan, keptRecords([...recordsOf(plan, first), ...recordsOf(plan, second)]));
    for (const { id, seconds } of third.steps) {
      hits.all += 1;
      if (within(expected.steps[id] ?? Infinity, seconds)) hits.steps += 1;
    }
    // A step that takes three times as long can be foretold by nobody, and the whole with it.
    const calm = executed(plan, 3, noisy(usual, 3, next, 0), 1);
    if (within(expected.seconds ?? Infinity, calm.seconds)) hits.whole += 1;
  }
  const part = hits.steps / hits.all;
  assert.ok(part >= 0.9, `${(part * 100).toFixed(1)} % of steps`);
  assert.ok(hits.whole / RUNS >= 0.9, `${hits.whole} of ${RUNS} plans`);
  t.diagnostic(`${(part * 100).toFixed(1)} % of steps, ${((hits.whole / RUNS) * 100).toFixed(1)} % of plans`);
});
