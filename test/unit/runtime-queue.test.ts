import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { BackOff } from "../../src/runtime/back-off.ts";
import { Controller, DONE } from "../../src/runtime/controller.ts";
import { KeyedQueue } from "../../src/runtime/queue.ts";
import { eventually } from "../contract/kube.contract.ts";

type Step =
  | { readonly do: "add"; readonly key: number }
  | { readonly do: "take" }
  | { readonly do: "done"; readonly nth: number };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ do: fc.constant("add" as const), key: fc.integer({ min: 0, max: 4 }) }), weight: 3 },
  { arbitrary: fc.constant({ do: "take" } as const), weight: 2 },
  { arbitrary: fc.record({ do: fc.constant("done" as const), nth: fc.nat(5) }), weight: 2 },
);

describe("KeyedQueue", () => {
  it("property: one worker a key, no key twice, and every add is followed by a run that starts later", () => {
    fc.assert(
      fc.property(fc.array(STEP, { maxLength: 60 }), (steps) => {
        const queue = new KeyedQueue<number>(() => undefined);
        const running: number[] = [];
        const owed = new Set<number>();
        const take = (): boolean => {
          const key = queue.take();
          if (key === undefined) return false;
          assert.ok(!running.includes(key), "two workers on one key");
          assert.ok(owed.delete(key), "a run that nobody asked for");
          running.push(key);
          return true;
        };
        for (const step of steps) {
          if (step.do === "add") {
            queue.add(step.key);
            owed.add(step.key);
          } else if (step.do === "take") take();
          else for (const key of running.splice(step.nth, 1)) queue.done(key);
          assert.equal(queue.running, running.length);
          assert.equal(queue.depth, owed.size);
        }
        for (let busy = true; busy;) {
          for (const key of running.splice(0)) queue.done(key);
          busy = take();
        }
        assert.deepEqual([...owed], [], "an add without a run");
      }),
      { numRuns: 500 },
    );
  });

  it("a later add happens once, at the earliest time asked for, and not after an immediate one", async () => {
    let ready = 0;
    const queue = new KeyedQueue<string>(() => (ready += 1));
    queue.addAfter("a", 30);
    queue.addAfter("a", 5000);
    queue.addAfter("b", 20);
    queue.add("b");
    assert.deepEqual([queue.take(), queue.take()], ["b", undefined]);
    await sleep(80);
    assert.deepEqual([queue.take(), queue.take(), ready], ["a", undefined, 2]);
    queue.addAfter("c", 10);
    queue.close();
    await sleep(40);
    assert.equal(queue.take(), undefined);
  });
});

describe("BackOff", () => {
  it("property: doubles from the first to the longest, with jitter of at most a half, for each key alone", () => {
    fc.assert(
      fc.property(fc.nat(40), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
        const backOff = new BackOff<string>(200, 60_000, () => random);
        for (let count = 0; count < failures; count += 1) backOff.next("a");
        const step = Math.min(60_000, 200 * 2 ** failures);
        const wait = backOff.next("a");
        assert.ok(wait >= step / 2 && wait <= step);
        assert.ok(backOff.next("b") <= 200);
        backOff.forget("a");
        assert.ok(backOff.next("a") <= 200);
      }),
    );
  });
});

describe("Controller", () => {
  it("property: never two runs of a key, never more than its workers, and the last state is always seen", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 1, max: 3 }),
        async (keys, concurrency) => {
          const wanted = new Map<string, number>();
          const seen = new Map<string, number>();
          const busy = new Set<string>();
          const controller = new Controller({
            name: "test",
            concurrency,
            reconcile: async (key) => {
              assert.ok(!busy.has(key) && busy.size < concurrency);
              busy.add(key);
              const state = wanted.get(key) ?? 0;
              await Promise.resolve();
              seen.set(key, state);
              busy.delete(key);
              return DONE;
            },
            onError: (_key, error) => {
              throw error;
            },
          });
          controller.start();
          for (const [index, number] of keys.entries()) {
            wanted.set(String(number), index);
            controller.enqueue(String(number));
            if (index % 3 === 0) await Promise.resolve();
          }
          await sleep(5);
          await controller.stop();
          assert.deepEqual(Object.fromEntries(seen), Object.fromEntries(wanted));
        },
      ),
      { numRuns: 50 },
    );
  });

  it("tries again after a failure, later each time, and forgets failures after a success", async () => {
    const starts: number[] = [];
    const errors: number[] = [];
    const done = Promise.withResolvers<void>();
    const controller = new Controller({
      name: "test",
      backOffMs: [20, 1000],
      reconcile: async () => {
        starts.push(performance.now());
        if (starts.length !== 4 && starts.length < 6) throw new Error("not yet");
        if (starts.length === 4) return { type: "requeueAfter", ms: 1 };
        done.resolve();
        return DONE;
      },
      onError: (_key, _error, retryMs) => errors.push(retryMs),
    });
    controller.start();
    controller.enqueue("a");
    await done.promise;
    await controller.stop();
    assert.equal(errors.length, 4);
    assert.ok((errors[3] ?? 99) <= 20, "after a success the first wait is short again");
    for (const [index, wait] of errors.slice(0, 3).entries())
      assert.ok(wait >= 10 * 2 ** index && wait <= 20 * 2 ** index, String(wait));
    assert.ok((starts[3] ?? 0) - (starts[0] ?? 0) >= 10 + 20 + 40 - 5);
  });

  it("looks again when a run asks for it", async () => {
    const runs: number[] = [];
    const controller = new Controller({
      name: "test",
      reconcile: async () => {
        runs.push(performance.now());
        return runs.length < 3 ? { type: "requeueAfter", ms: 20 } : { type: "waiting", reason: "nothing" };
      },
    });
    controller.enqueue("a");
    assert.equal(runs.length, 0, "nothing runs before start");
    controller.start();
    await eventually("the third run", () => runs.length === 3);
    await sleep(60);
    assert.equal(runs.length, 3, "and no further one");
    await controller.stop();
  });

  it("stop aborts what runs, waits for it, and begins nothing more", async () => {
    let ended = false;
    let runs = 0;
    const controller = new Controller({
      name: "test",
      concurrency: 1,
      reconcile: async (_key, signal) => {
        runs += 1;
        await sleep(10_000, undefined, { signal }).catch(() => undefined);
        await sleep(20);
        ended = true;
        return DONE;
      },
    });
    controller.start();
    controller.enqueue("a");
    controller.enqueue("b");
    controller.enqueue("a");
    await controller.stop();
    assert.deepEqual([ended, runs], [true, 1]);
  });
});
