import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  blindWithin,
  count,
  longestGap,
  sighted,
  worstGap,
  type Blind,
  type Operation,
} from "../../src/witness/records.ts";

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

test("the longest gap that touches a window is its whole length, and never shorter than the worst one within", () => {
  const known = { from: -3_000, to: 12_000 };
  fc.assert(
    fc.property(moments, blindTimes, (successes, blind) => {
      const gap = longestGap(successes, WINDOW, { window: known, blind });
      const within = worstGap(successes, WINDOW, blind);
      if (gap === undefined) return assert.equal(within, 0);
      assert.ok(gap.to - gap.from >= within);
      assert.ok(gap.from < WINDOW.to && gap.to > WINDOW.from, "it touches the window");
      assert.ok(!successes.some((moment) => moment > gap.from && moment < gap.to), "no success lies in it");
      assert.deepEqual(blindWithin(blind, gap), [], "all of it was seen");
      assert.equal(gap.began === "success", successes.includes(gap.from));
      if (gap.ended === "success") assert.ok(successes.includes(gap.to));
      if (gap.ended === "open") assert.equal(gap.to, known.to);
    }),
    { numRuns: 300 },
  );
});

test("a gap that began before a window and goes on after it", () => {
  const known = { window: { from: -60_000, to: 30_000 }, blind: [] };
  assert.deepEqual(longestGap([-5_000, 12_000, 29_500], WINDOW, known), {
    from: -5_000,
    to: 12_000,
    began: "success",
    ended: "success",
  });
  assert.equal(longestGap([-5_000], WINDOW, known)?.ended, "open");
  const blind = [{ from: -9_000, to: 4_000, reason: "r" }];
  assert.deepEqual(longestGap([-9_500, 9_000, 11_000], WINDOW, { ...known, blind }), {
    from: 4_000,
    to: 9_000,
    began: "blind",
    ended: "success",
  });
  assert.equal(longestGap([], WINDOW, { ...known, blind: [{ ...known.window, reason: "r" }] }), undefined);
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
