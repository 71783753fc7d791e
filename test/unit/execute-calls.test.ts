import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { CallRunner, type CallActions } from "../../src/execute/call-runner.ts";
import type { CallStep } from "../../src/workloads/contract.ts";
import { eventually } from "../contract/kube.contract.ts";
import { attempts } from "../harness/attempts.ts";

const STEP: CallStep = {
  id: "a/call",
  type: "call",
  action: "api-answers",
  input: {},
  needs: [],
  onFailure: "Look.",
  timeoutSeconds: 1,
};

/** A runner whose calls do `action`, and what they did. */
function runner(action: (input: unknown) => Promise<void>) {
  const ends: string[] = [];
  const actions = { "api-answers": action } as unknown as CallActions;
  return { calls: new CallRunner(actions, () => ends.push("end")), ends };
}

const asked = (calls: CallRunner, content: string) => calls.call({ ...STEP, input: { content } }, content).state;

test("a content that comes back is called again", async () => {
  const done: unknown[] = [];
  const { calls } = runner(async (input) => void done.push((input as { content: string }).content));
  for (const content of ["one", "two", "one"]) {
    assert.equal(asked(calls, content), "running");
    await delay(5);
    assert.equal(asked(calls, content), "done");
  }
  assert.deepEqual(done, ["one", "two", "one"]);
});

test("a call that is overtaken ends before the next begins, and counts for nothing", async () => {
  const story: string[] = [];
  const { calls, ends } = runner(async (input) => {
    const { content } = input as { content: string };
    story.push(`${content} begins`);
    await delay(20);
    story.push(`${content} ends`);
  });
  asked(calls, "one");
  await delay(5);
  asked(calls, "two");
  await eventually("the end of the second", () => ends.length > 0);
  assert.deepEqual(story, ["one begins", "one ends", "two begins", "two ends"]);
  assert.deepEqual(ends, ["end"]);
  assert.equal(asked(calls, "two"), "done");
});

// How often is tried in a second is counted by the machine's clock: a machine that stands still tries less often.
test("a failure is told once, and the next question tries again", () =>
  attempts(async () => {
    let times = 0;
    const { calls } = runner(async () => {
      times += 1;
      if (times < 8) throw new Error(`not yet, ${times}`);
    });
    assert.equal(asked(calls, "one"), "running");
    while (asked(calls, "one") === "running") await delay(50);
    assert.ok(times >= 4, `${times} attempts in the step's second`);
    while (asked(calls, "one") !== "done") await delay(50);
    assert.equal(times, 8);
  }));

test("what is closed ends", async () => {
  let times = 0;
  const { calls, ends } = runner(async () => {
    times += 1;
    throw new Error("never");
  });
  asked(calls, "one");
  await delay(10);
  calls.close();
  await delay(300);
  assert.deepEqual([times, ends], [1, []]);
});
