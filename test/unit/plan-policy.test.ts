import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { ChangePolicy } from "../../src/api/change.ts";
import { IMPACT_LEVELS } from "../../src/api/plan-status.ts";
import { openingAt } from "../../src/api/window.ts";
import { type Approval, APPROVED_BY, approvalsOf, readStamp, stampText } from "../../src/plan/approval.ts";
import { decide, type Question } from "../../src/plan/policy.ts";

const HASH = "a".repeat(64);
const OTHER = "b".repeat(64);
const NOW = new Date("2026-11-23T12:00:00Z"); // a Monday
const policy: ChangePolicy = { approval: "Automatic", automaticUpTo: "None", windows: [], paused: false };
const nights = { name: "nights", schedule: "0 22 * * 1-5", duration: "4h", timeZone: "Europe/Berlin" };
const jane: Approval = {
  user: "jane",
  time: "2026-11-23T10:00:00Z",
  hash: HASH,
  by: "PlanApproval",
  plan: "lab-2",
  name: "ok",
};
const inGit: Approval = { user: "argocd", time: "2026-11-23T11:00:00Z", hash: HASH, by: "Cloud" };

function question(given: Partial<Question> = {}, change: Partial<ChangePolicy> = {}): Question {
  const summary = { impact: { level: "None" as const }, database: false, dataAtRisk: [] };
  const base = {
    summary,
    plan: "lab-2",
    hash: HASH,
    approvals: [],
    now: NOW,
    cloud: { namespace: "lab", name: "lab" },
  };
  return { ...base, policy: { ...policy, ...change }, ...given };
}

const HOW = `See it with: underpin plan lab-2. Approve it with: underpin approve lab-2, or with spec.change.approvedPlan: ${HASH}`;
const EDIT = "Change it with: kubectl -n lab edit clouds lab";

describe("what a plan waits for, in words", () => {
  const waits: readonly (readonly [what: string, question: Question, message: string, until?: string])[] = [
    [
      "a paused Cloud",
      question({ approvals: [jane] }, { paused: true, freeze: { reason: "audit" } }),
      `the Cloud is paused: nothing of it is changed until spec.change.paused is false. ${EDIT}`,
    ],
    [
      "a freeze without end",
      question({}, { freeze: { reason: "audit" } }),
      `changes are frozen (audit) until spec.change.freeze is taken away. ${EDIT}`,
    ],
    [
      "a freeze, and an approval that may be given meanwhile",
      question({}, { approval: "Manual", freeze: { reason: "audit", until: "2026-11-24T06:00:00+01:00" } }),
      `changes are frozen (audit) until 2026-11-24T05:00:00Z. It waits for an approval too, which may be given now: it waits for an approval: spec.change.approval is Manual. ${HOW}`,
      "2026-11-24T05:00:00.000Z",
    ],
    [
      "Manual",
      question({}, { approval: "Manual" }),
      `it waits for an approval: spec.change.approval is Manual. ${HOW}`,
    ],
    [
      "the approval of another plan",
      question(
        {
          approvals: [
            { ...inGit, hash: OTHER },
            { ...jane, hash: OTHER },
          ],
        },
        { approval: "Manual" },
      ),
      `it waits for an approval: spec.change.approval is Manual. spec.change.approvedPlan, by argocd, is about another plan: ${OTHER}. PlanApproval ok, by jane, is about another plan: ${OTHER}. ${HOW}`,
    ],
    [
      "too great an impact",
      question(
        { summary: { impact: { level: "WritesFail", on: "every API" }, database: false, dataAtRisk: [] } },
        { approval: "ByImpact", automaticUpTo: "ReadsSlow" },
      ),
      `it waits for an approval: its impact is WritesFail (every API), and only up to ReadsSlow is automatic. ${HOW}`,
    ],
    [
      "data at risk, and a database",
      question(
        { summary: { impact: { level: "None" }, database: true, dataAtRisk: ["a", "b", "c", "d"] } },
        { approval: "ByImpact", automaticUpTo: "WritesFail" },
      ),
      `it waits for an approval: it deletes data (a, b, c, 1 more), and it makes or changes a database, which cannot be taken back. ${HOW}`,
    ],
    [
      "a window",
      question({ approvals: [jane] }, { approval: "Manual", windows: [nights] }),
      "it is approved by jane, and begins when window nights opens: 2026-11-23T21:00:00Z (22:00 in Europe/Berlin), for 4h",
      "2026-11-23T21:00:00.000Z",
    ],
    [
      "the first of two windows",
      question(
        {},
        { windows: [nights, { name: "noon", schedule: "30 12 * * *", duration: "1h", timeZone: "Etc/UTC" }] },
      ),
      "it is approved by policy Automatic, and begins when window noon opens: 2026-11-23T12:30:00Z, for 1h",
      "2026-11-23T12:30:00.000Z",
    ],
    [
      "a window that was stored while nobody judged it",
      question({}, { windows: [{ ...nights, timeZone: "Mars/Phobos" }] }),
      'it is approved by policy Automatic, and no window of spec.change.windows ever opens: nights at "0 22 * * 1-5"',
    ],
  ];
  for (const [what, asked, message, until] of waits)
    test(what, () => {
      const decision = decide(asked);
      assert.equal(decision.type, "wait");
      assert.equal(decision.message, message);
      assert.equal(decision.until?.toISOString(), until);
    });
});

describe("who is told to have approved", () => {
  const approver = (asked: Question) => {
    const decision = decide(asked);
    return decision.type === "run" ? decision.approval : decision.message;
  };

  test("the policy, where nobody had to", () => {
    const time = NOW.toISOString();
    assert.deepEqual(approver(question()), { user: "policy Automatic", by: "Policy", time });
    const little = { impact: { level: "ReadsSlow" as const }, database: false, dataAtRisk: [] };
    const change = { approval: "ByImpact", automaticUpTo: "ReadsSlow" } as const;
    assert.deepEqual(approver(question({ summary: little }, change)), { user: "policy ByImpact", by: "Policy", time });
  });

  test("who did it first, even where nobody had to", () => {
    const expected = { user: "jane", by: "PlanApproval", time: jane.time };
    assert.deepEqual(approver(question({ approvals: [inGit, jane] }, { approval: "Manual" })), expected);
    assert.deepEqual(approver(question({ approvals: [inGit, jane] })), expected);
    assert.deepEqual(approver(question({ approvals: [inGit] })), { user: "argocd", by: "Cloud", time: inGit.time });
  });

  test("not who approved another Plan", () => {
    const decision = decide(question({ approvals: [{ ...jane, plan: "lab-1" }] }, { approval: "Manual" }));
    assert.equal(decision.type, "wait");
  });

  test("a freeze that is over, and an open window, are in nobody's way", () => {
    const now = new Date("2026-11-23T22:00:00Z");
    const change = { windows: [nights], freeze: { reason: "audit", until: "2026-11-23T22:00:00Z" } };
    assert.equal(decide(question({ now }, change)).type, "run");
  });
});

const arbitraryPolicy = fc.record(
  {
    approval: fc.constantFrom("Automatic" as const, "Manual" as const, "ByImpact" as const),
    automaticUpTo: fc.constantFrom("None" as const, "ReadsSlow" as const, "WritesFail" as const),
    windows: fc.subarray([nights, { name: "noon", schedule: "0 12 * * *", duration: "30m", timeZone: "Etc/UTC" }]),
    freeze: fc.option(
      fc.record({
        reason: fc.constant("audit"),
        until: fc.constantFrom("2026-11-01T00:00:00Z", "2027-01-01T00:00:00Z"),
      }),
      { nil: undefined },
    ),
    paused: fc.boolean(),
  },
  { noNullPrototype: true },
);
const arbitraryQuestion = fc.record({
  policy: arbitraryPolicy,
  summary: fc.record({
    impact: fc.record({ level: fc.constantFrom(...IMPACT_LEVELS) }),
    database: fc.boolean(),
    dataAtRisk: fc.constantFrom([], ["PersistentVolumeClaim/lab/data"]),
  }),
  plan: fc.constantFrom("lab-2", "lab-3"),
  hash: fc.constantFrom(HASH, OTHER),
  approvals: fc.subarray([jane, inGit, { ...inGit, hash: OTHER }, { ...jane, plan: "lab-3" }]),
  now: fc.date({ min: new Date("2026-10-20T00:00:00Z"), max: new Date("2027-02-01T00:00:00Z"), noInvalidDate: true }),
});

/** What a reader of the documentation expects, said without the code. */
function mayRun({ policy: change, summary, plan, hash, approvals, now }: Question): boolean {
  const approved = approvals.some((one) => one.hash === hash && (one.by === "Cloud" || one.plan === plan));
  const small = IMPACT_LEVELS.indexOf(summary.impact.level) <= IMPACT_LEVELS.indexOf(change.automaticUpTo);
  const harmless = small && !summary.database && summary.dataAtRisk.length === 0;
  const passes = change.approval === "Automatic" || (change.approval === "ByImpact" && harmless);
  const frozen = change.freeze !== undefined && now < new Date(change.freeze.until ?? "9999-01-01T00:00:00Z");
  const open = change.windows.length === 0 || change.windows.some((window) => openingAt(window, now) !== undefined);
  return !change.paused && !frozen && (approved || passes) && open;
}

describe("any policy, plan and time", () => {
  test("it runs when all of it allows, and never else", () => {
    fc.assert(
      fc.property(arbitraryQuestion, (asked) => {
        assert.equal(decide(asked).type === "run", mayRun(asked));
      }),
      { numRuns: 1000 },
    );
  });

  test("asked again when it says so, the answer is another one: no time is slept through", () => {
    fc.assert(
      fc.property(arbitraryQuestion, fc.double({ min: 0, max: 0.999, noNaN: true }), (asked, part) => {
        const decision = decide(asked);
        if (decision.type === "run" || decision.until === undefined) return;
        assert.ok(decision.until > asked.now);
        const later = decide({ ...asked, now: decision.until });
        assert.notEqual(later.type === "wait" ? later.message : "", decision.message);
        const between = new Date(asked.now.getTime() + (decision.until.getTime() - asked.now.getTime()) * part);
        assert.equal(decide({ ...asked, now: between }).type, "wait");
      }),
      { numRuns: 1000 },
    );
  });

  test("without another approval, pause or freeze, nothing that waits begins", () => {
    fc.assert(
      fc.property(arbitraryQuestion, (asked) => {
        const less = { ...asked, approvals: asked.approvals.slice(1) };
        if (decide(asked).type === "wait") assert.equal(decide(less).type, "wait");
      }),
    );
  });
});

describe("approvals that count", () => {
  const stamp = (hash: string, user = "jane") => ({ [APPROVED_BY]: stampText({ user, time: jane.time, hash }) });
  const approval = (annotations: Record<string, string>, more: object = {}) => ({
    metadata: { name: "ok", annotations, ...more },
    spec: { plan: "lab-2", hash: HASH },
  });
  const cloud = (annotations: Record<string, string>, approvedPlan?: string) => ({
    metadata: { name: "lab", annotations },
    spec: { change: { approvedPlan } },
  });

  test("those with a stamp about the hash that they name", () => {
    assert.deepEqual(approvalsOf(cloud(stamp(HASH, "argocd"), HASH), [approval(stamp(HASH))]), [
      { user: "argocd", time: jane.time, hash: HASH, by: "Cloud" },
      jane,
    ]);
  });

  test("no other one", () => {
    assert.deepEqual(approvalsOf(cloud({}, HASH), [approval({})]), []);
    assert.deepEqual(approvalsOf(cloud(stamp(OTHER), HASH), [approval(stamp(OTHER))]), []);
    assert.deepEqual(approvalsOf(cloud(stamp(HASH)), []), []);
    assert.deepEqual(
      approvalsOf(cloud({}), [approval(stamp(HASH), { deletionTimestamp: "2026-11-23T10:00:00Z" })]),
      [],
    );
  });

  test("a stamp is read as it was written, and nothing else is one", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), (user) => {
        const written = { user, time: jane.time, hash: HASH };
        assert.deepEqual(readStamp(stampText(written)), written);
      }),
    );
    const wrong = [
      undefined,
      "",
      "x",
      "null",
      "[]",
      '{"user":"jane"}',
      stampText({ user: "", time: jane.time, hash: HASH }),
    ];
    for (const text of [...wrong, stampText({ user: "jane", time: "yesterday", hash: HASH })])
      assert.equal(readStamp(text), undefined);
    fc.assert(
      fc.property(fc.json(), (text) => {
        const read = readStamp(text);
        assert.ok(read === undefined || typeof read.user === "string");
      }),
    );
  });
});
