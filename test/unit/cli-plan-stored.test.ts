// How a Plan that is kept is shown; UPDATE_GOLDEN=1 writes the files of cli-golden.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import fc from "fast-check";
import type { Plan } from "../../src/api/plan.ts";
import { renderStored, type StoredView } from "../../src/cli/render/plan-stored.ts";
import { MARKDOWN_BYTES } from "../../src/cli/render/plan-markdown.ts";
import { parse } from "yaml";
import { ABORTED, BLIND, FAILED, PENDING, storedPlan, SUCCEEDED } from "./stored-plans.ts";

const GOLDEN = new URL("cli-golden/", import.meta.url);
const NOW = new Date("2026-01-01T00:00:35Z");

function shown(plan: Plan, view: Partial<StoredView> = {}): string {
  return renderStored(plan, {
    format: "text",
    detail: false,
    graph: false,
    width: 80,
    color: false,
    now: NOW,
    ...view,
  });
}

function sameAsGolden(name: string, text: string): void {
  const file = new URL(name, GOLDEN);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, `${text}\n`);
  assert.equal(`${text}\n`, readFileSync(file, "utf8"));
}

test("a Plan in each phase", () => {
  sameAsGolden("plan-pending.txt", shown(PENDING));
  sameAsGolden("plan-running.txt", shown(storedPlan()));
  sameAsGolden("plan-succeeded.txt", shown(SUCCEEDED, { detail: true }));
  sameAsGolden("plan-blind.txt", shown(BLIND));
  sameAsGolden("plan-failed.txt", shown(FAILED));
  sameAsGolden("plan-aborted.txt", shown(ABORTED, { detail: true }));
  sameAsGolden("plan-succeeded.md", shown(BLIND, { format: "markdown" }));
});

test("programs get the Plan as it is", () => {
  const plan = storedPlan();
  assert.deepEqual(JSON.parse(shown(plan, { format: "json" })), JSON.parse(JSON.stringify(plan)));
  assert.deepEqual(parse(shown(plan, { format: "yaml" })), JSON.parse(JSON.stringify(plan)));
});

test("that no request failed is said only of what was seen", () => {
  assert.match(shown(SUCCEEDED), /\nNo request failed, of 240 that were sent\.\n/);
  const blind = shown(BLIND);
  assert.ok(!blind.includes("No request failed"));
  assert.match(blind, /4 of 240 requests failed: identity 4\./);
  assert.match(blind, /The witness was blind for 12 s \(image\)/);
  const dark = storedPlan({
    ...SUCCEEDED.status,
    evidence: { ...SUCCEEDED.status?.evidence, witness: "Blind", apis: [] },
  });
  assert.match(shown(dark), /The witness was blind: what users noticed is not known\./);
  assert.ok(!shown(dark).includes("No request failed"));
});

test("the next command follows the phase, and of a failure the step", () => {
  const next = (plan: Plan): string | undefined => /\nnext +(.*)/.exec(shown(plan))?.[1];
  assert.equal(next(PENDING), "underpin approve laptop-7");
  assert.equal(next(storedPlan()), "underpin watch laptop-7");
  assert.equal(next(storedPlan({ phase: "Paused" })), "underpin resume laptop-7");
  assert.equal(next(FAILED), "underpin logs keystone");
  assert.equal(next(SUCCEEDED), undefined);
});

/** Words and long names, and what a terminal would obey. */
const words = fc.oneof(
  fc.lorem({ maxCount: 30 }),
  fc.string({ maxLength: 200 }),
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.constant("\u001b[31mred\r\nnext line"),
);
const plans = fc
  .record({
    phase: fc.constantFrom("Pending", "Running", "Failed", "Succeeded", "Aborted"),
    message: words,
    takenBack: words,
    refused: fc.array(words, { maxLength: 32 }),
    names: fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,70}$/), { minLength: 1, maxLength: 40 }),
    states: fc.array(fc.constantFrom("Waiting", "Running", "Done", "Failed", "Skipped"), {
      minLength: 40,
      maxLength: 40,
    }),
  })
  .map(({ phase, message, takenBack, refused, names, states }) =>
    storedPlan({
      phase,
      message,
      summary: { ...storedPlan().status?.summary, takenBack, refused },
      steps: names.map((name, index) => ({
        id: `${["nova", "neutron", "glance"][index % 3]}/${name}`,
        after: index === 0 ? [] : [`${["nova", "neutron", "glance"][(index - 1) % 3]}/${names[index - 1]}`],
        state: states[index],
        message,
        log: message,
      })),
      evidence: { ...SUCCEEDED.status?.evidence, notes: [message] },
    }),
  );

test("no line is wider than asked for, but for what is to be copied", () => {
  fc.assert(
    fc.property(plans, fc.integer({ min: 40, max: 120 }), fc.boolean(), (plan, width, graph) => {
      for (const line of shown(plan, { detail: true, graph, width }).split("\n")) {
        if (/^(hash|next) |^ {4}next: |^Every object/.test(line)) continue;
        assert.ok(Array.from(line).length <= width, `${line.length} > ${width}: ${JSON.stringify(line)}`);
      }
    }),
  );
});

test("what others wrote moves no cursor", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      // oxlint-disable-next-line no-control-regex
      assert.doesNotMatch(shown(plan, { detail: true }), /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    }),
  );
});

test("Markdown stays within what a forge takes", () => {
  fc.assert(
    fc.property(plans, (plan) => {
      assert.ok(Buffer.byteLength(shown(plan, { format: "markdown", detail: true })) <= MARKDOWN_BYTES);
    }),
  );
});
