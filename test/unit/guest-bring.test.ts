import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bringServer, type Outcome, type ServerDoors } from "../../src/guest/bring.ts";
import { computeRuns } from "../../src/up/answers.ts";

const NO_HOST: Outcome = { state: "Error", reason: "No valid host was found. There are not enough hosts available." };
const NO_ROOM: Outcome = { state: "Error", reason: "No valid host was found. " };
const BROKEN: Outcome = { state: "Error", reason: "Build of instance 1 aborted: no such device" };
const STUCK: Outcome = { state: "Stuck", standing: "BUILD, scheduling" };
const SOON = { noHostMs: 60_000, pauseMs: 1 };

/** A nova in which one server after the other ends as is said; the last end is that of all later ones. */
function nova(ends: readonly Outcome[], known?: string) {
  const there = new Set(known === undefined ? [] : [known]);
  const log: string[] = [];
  let settled = 0;
  const doors: ServerDoors = {
    find: () => Promise.resolve([...there][0]),
    create: () => {
      const id = `s${log.filter((line) => line.startsWith("create")).length + 1}`;
      assert.equal(there.size, 0, "never two of one name");
      there.add(id);
      log.push(`create ${id}`);
      return Promise.resolve(id);
    },
    settle: (id) => {
      const outcome = ends[Math.min(settled, ends.length - 1)] ?? { state: "Active" };
      settled += 1;
      if (outcome.state === "Gone") there.delete(id);
      return Promise.resolve(outcome);
    },
    remove: (id) => {
      there.delete(id);
      log.push(`remove ${id}`);
      return Promise.resolve();
    },
    tell: (outcome) => log.push(`tell ${outcome.state}`),
  };
  return { doors, log };
}

describe("a server", () => {
  test("that is there and runs is left as it is", async () => {
    const { doors, log } = nova([{ state: "Active" }], "mine");
    assert.deepEqual(await bringServer(doors, SOON), { id: "mine" });
    assert.deepEqual(log, []);
  });

  for (const [what, first] of [
    ["in ERROR", BROKEN],
    ["that nobody builds any more", STUCK],
  ] as const)
    test(`${what} is removed and made again`, async () => {
      const { doors, log } = nova([first, { state: "Active" }], "mine");
      assert.deepEqual(await bringServer(doors, SOON), { id: "s1" });
      assert.deepEqual(log, ["remove mine", `tell ${first.state}`, "create s1"]);
    });

  test("whose deletion had begun before is made anew when it is gone", async () => {
    const { doors, log } = nova([{ state: "Gone" }, { state: "Active" }], "mine");
    assert.deepEqual(await bringServer(doors, SOON), { id: "s1" });
    assert.deepEqual(log, ["tell Gone", "create s1"]);
  });

  test("that fails twice is left for who looks why", async () => {
    const { doors, log } = nova([BROKEN]);
    assert.deepEqual(await bringServer(doors, SOON), { failed: BROKEN, made: 2 });
    assert.deepEqual(log, ["create s1", "remove s1", "tell Error", "create s2"]);
  });

  test("for which there is no node yet is made again until there is one", async () => {
    const { doors } = nova([BROKEN, NO_HOST, NO_HOST, NO_HOST, { state: "Active" }]);
    assert.deepEqual(await bringServer(doors, SOON), { id: "s5" });
  });

  test("for which no node has room is told at once as such", async () => {
    const { doors } = nova([NO_ROOM]);
    assert.deepEqual(await bringServer(doors, SOON), { failed: NO_ROOM, made: 2 });
  });

  test("for which there is no node in time is told as such", async () => {
    const { doors } = nova([NO_HOST]);
    assert.deepEqual(await bringServer(doors, { noHostMs: 0, pauseMs: 1 }), { failed: NO_HOST, made: 2 });
  });
});

test("a nova-compute runs when it is up, enabled, and said so lately", () => {
  const at = new Date("2026-03-01T10:00:30Z");
  const service = { id: "1", binary: "nova-compute", host: "n1", status: "enabled", state: "up" } as const;
  const said = (updated_at: string | null) => ({ ...service, updated_at });
  assert.equal(computeRuns(said("2026-03-01T10:00:22.000000"), at), true);
  assert.equal(computeRuns(said("2026-03-01T09:59:50.000000"), at), false, "nova itself calls this one up");
  assert.equal(computeRuns(said("2026-03-01T09:59:50.000000"), at, Infinity), true);
  assert.equal(computeRuns(said(null), at), false);
  assert.equal(computeRuns({ ...said("2026-03-01T10:00:22.000000"), status: "disabled" }, at), false);
  assert.equal(computeRuns({ ...said("2026-03-01T10:00:22.000000"), state: "down" }, at), false);
});
