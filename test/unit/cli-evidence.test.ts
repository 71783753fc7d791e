// What is said of a Plan that has ended before the witness was asked: not that it was blind.
import assert from "node:assert/strict";
import { test } from "node:test";
import { awaitsEvidence, GATHERING } from "../../src/cli/render/plan-words.ts";
import { endLines, renderStored } from "../../src/cli/render/plan-stored.ts";
import { NOT_ASKED } from "../../src/plan/running.ts";
import { storedPlan } from "./stored-plans.ts";

const NOTHING = { startedAt: "2026-01-01T00:00:00Z", seconds: 41, witness: "Blind", apis: [], podsRestarted: [] };
const VIEW = { detail: false, graph: false, width: 100, color: false, now: new Date("2026-01-01T00:01:00Z") } as const;

test("evidence that is still gathered is waited for, and is no word about the witness", () => {
  const plan = storedPlan({ phase: "Succeeded", evidence: { ...NOTHING, notes: [NOT_ASKED] } });
  assert.ok(awaitsEvidence(plan));
  const texts = [
    endLines(plan, 100).join("\n"),
    renderStored(plan, { ...VIEW, format: "text" }),
    renderStored(plan, { ...VIEW, format: "markdown" }),
  ];
  for (const text of texts) {
    assert.ok(text.includes(GATHERING), text);
    assert.doesNotMatch(text, /blind/i);
  }
});

test("a witness that was asked and was blind is told as that", () => {
  const plan = storedPlan({ phase: "Succeeded", evidence: { ...NOTHING, notes: ["its pod is new"] } });
  assert.ok(!awaitsEvidence(plan));
  assert.match(endLines(plan, 100).join("\n"), /The witness was blind/);
});
