import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { blindWithin, count, sighted, worstGap, type Blind, type Operation } from "../../src/witness/records.ts";

const WINDOW = { from: 0, to: 10_000 };
const moments = fc
  .array(fc.integer({ min: 0, max: 10_000 }), { maxLength: 30 })
  .map((list) => list.toSorted((a, b) => a - b));
const blindTimes: fc.Arbitrary<Blind[]> = fc
  .array(fc.tuple(fc.integer({ min: -2_000, max: 11_000 }), fc.integer({ min: 1, max: 3_000 })), { maxLength: 5 })
  .map((list) => list.map(([from, length]) => ({ from, to: from + length, reason: "r" })));

/** The gap by its definition, step by step: slow, and surely right. */
function gapByHand(successes: readonly number[], blind: readonly Blind[]): number {
  let worst = 0;
  let run = 0;
  for (let at = WINDOW.from; at < WINDOW.to; at += 1) {
    const seen = !blind.some(({ from, to }) => at >= from && at < to);
    if (!seen || successes.includes(at)) run = 0;
    if (seen) run += 1;
    worst = Math.max(worst, run);
  }
  return worst;
}

test("the worst gap is what its definition says", () => {
  fc.assert(
    fc.property(moments, blindTimes, (successes, blind) => {
      assert.equal(worstGap(successes, WINDOW, blind), gapByHand(successes, blind));
    }),
    { numRuns: 60 },
  );
});

test("one more success never makes the worst gap longer", () => {
  fc.assert(
    fc.property(moments, blindTimes, fc.integer({ min: 0, max: 10_000 }), (successes, blind, more) => {
      const with1 = [...successes, more].toSorted((a, b) => a - b);
      assert.ok(worstGap(with1, WINDOW, blind) <= worstGap(successes, WINDOW, blind));
    }),
  );
});

test("no gap is longer than the longest sighted time, and without successes it is exactly that", () => {
  fc.assert(
    fc.property(moments, blindTimes, (successes, blind) => {
      const longest = Math.max(0, ...sighted(WINDOW, blind).map(({ from, to }) => to - from));
      assert.ok(worstGap(successes, WINDOW, blind) <= longest);
      assert.equal(worstGap([], WINDOW, blind), longest);
    }),
  );
});

test("blind and sighted times cover the window once", () => {
  fc.assert(
    fc.property(blindTimes, (blind) => {
      const parts = [...blindWithin(blind, WINDOW), ...sighted(WINDOW, blind)].toSorted((a, b) => a.from - b.from);
      assert.equal(
        parts.reduce((sum, { from, to }) => sum + to - from, 0),
        WINDOW.to - WINDOW.from,
      );
      parts.forEach((part, index) => assert.equal(part.from, index === 0 ? WINDOW.from : parts[index - 1]?.to));
    }),
  );
});

test("an outage of seven seconds is a gap of seven seconds, and seven failures", () => {
  const operations: Operation[] = Array.from({ length: 20 }, (_, second) => ({
    api: "network",
    name: "list networks",
    startedAt: second * 1000,
    tookMs: 0,
    outcome: second >= 6 && second < 12 ? "failed" : "ok",
  }));
  const seen = count(operations, { from: 0, to: 20_000 }, []);
  assert.deepEqual(seen, { sent: 20, failed: 6, slow: 0, worstGapMs: 7000 });
});

test("a slow answer is a success, at the time when it came", () => {
  const slow: Operation = { api: "compute", name: "list", startedAt: 1000, tookMs: 4000, outcome: "slow" };
  assert.deepEqual(count([slow], WINDOW, []), { sent: 1, failed: 0, slow: 1, worstGapMs: 5000 });
});
