import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Journal } from "../../src/witness/journal.ts";
import { OperationLog } from "../../src/witness/operation-log.ts";
import type { Operation } from "../../src/witness/records.ts";
import { renderReport } from "../../src/witness/render.ts";
import { reportOf } from "../../src/witness/report.ts";
import { blindBetween, hidden } from "../../src/witness/sight.ts";

const at = (wall: number, monotonic: number): { wall: number; monotonic: number } => ({ wall, monotonic });

test("ticks that come as they should leave no blind time", () => {
  assert.equal(blindBetween(at(1000, 0), at(1500, 500)), undefined);
  assert.equal(blindBetween(at(1000, 0), at(2900, 1900)), undefined);
});

test("a process that stood still was blind", () => {
  const blind = blindBetween(at(1000, 0), at(6000, 5000));
  assert.deepEqual(blind, { from: 1000, to: 6000, reason: "the witness stood still" });
});

test("a machine that slept was blind although the monotonic clock stood", () => {
  assert.deepEqual(blindBetween(at(1000, 0), at(61_000, 500))?.to, 61_000);
});

test("a clock that was set back makes the time blind that was counted twice", () => {
  assert.deepEqual(blindBetween(at(60_000, 0), at(1000, 500)), {
    from: 1000,
    to: 60_000,
    reason: "the machine's clock was set back",
  });
});

test("an operation that touches a blind time proves nothing", () => {
  const blind = [{ from: 5000, to: 8000, reason: "r" }];
  assert.equal(hidden({ startedAt: 4000, tookMs: 2000 }, blind), true);
  assert.equal(hidden({ startedAt: 1000, tookMs: 2000 }, blind), false);
  assert.equal(hidden({ startedAt: 8000, tookMs: 10 }, blind), false);
});

const OPERATION: Operation = { api: "image", name: "list images", startedAt: 1000, tookMs: 20, outcome: "failed" };

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "witness-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("a witness that died is blind from its last sign of life, and keeps what it saw", () =>
  inFolder(async (folder) => {
    const first = await Journal.open(folder, 1000);
    first.addOperation(OPERATION);
    first.alive(4000);
    await first.flush();
    const second = await Journal.open(folder, 9000);
    assert.deepEqual([...second.operations], [OPERATION]);
    assert.deepEqual(second.blind, [{ from: 4000, to: 9000, reason: "the witness did not run" }]);
    assert.equal(second.firstSeen, 1000);
  }));

test("half a line at the end of the journal loses that line alone", () =>
  inFolder(async (folder) => {
    const first = await Journal.open(folder, 1000);
    first.addOperation(OPERATION);
    await first.flush();
    const file = join(folder, "journal.jsonl");
    await writeFile(file, `${await readFile(file, "utf8")}["op","image","li`);
    assert.deepEqual([...(await Journal.open(folder, 2000)).operations], [OPERATION]);
  }));

test("what could not be written is blind to who reads the journal later, and known to who saw it", () =>
  inFolder(async (folder) => {
    const seen = (startedAt: number): Operation => ({ ...OPERATION, startedAt });
    const file = join(folder, "journal.jsonl");
    const first = await Journal.open(folder, 1000);
    first.addOperation(seen(1500));
    first.alive(2000);
    await first.flush();
    await rename(file, join(folder, "kept"));
    await mkdir(file);
    for (const moment of [2500, 3500]) {
      first.addOperation(seen(moment));
      first.alive(moment + 500);
      await assert.rejects(first.flush(), /EISDIR/);
    }
    await rmdir(file);
    await rename(join(folder, "kept"), file);
    first.addOperation(seen(4500));
    first.alive(5000);
    await first.flush();
    assert.deepEqual(first.blind, []);
    assert.equal([...first.operations].length, 4);
    const second = await Journal.open(folder, 5000);
    assert.deepEqual(
      [...second.operations].map(({ startedAt }) => startedAt),
      [1500, 4500],
    );
    assert.deepEqual(second.blind, [{ from: 2000, to: 4000, reason: "the witness could not write" }]);
  }));

test("the log keeps the latest operations, in their order", () => {
  const log = new OperationLog(3);
  const all = [1, 2, 3, 4, 5].map((n): Operation => ({ ...OPERATION, name: `op ${n % 2}`, startedAt: n }));
  for (const operation of all) log.push(operation);
  assert.deepEqual([...log], all.slice(2));
  assert.equal(log.full, true);
});

const SEEN = {
  apis: ["image", "network"],
  operations: [OPERATION],
  blind: [],
  firstSeen: 500,
  readEverySeconds: 1,
  open: [],
  failures: [{ api: "image", at: new Date(1000).toISOString(), operation: "list images", message: "503" }],
};

const ASKED = { since: 0, until: 3000, now: 3000 };

test("a report says that it was blind before the witness started", () => {
  const report = reportOf(SEEN, ASKED);
  assert.deepEqual(
    report.blind.map(({ seconds, reason }) => [seconds, reason]),
    [[0.5, "the witness had not started"]],
  );
  assert.deepEqual(
    report.apis.map(({ api, sent, failed, worstGapSeconds }) => [api, sent, failed, worstGapSeconds]),
    [
      ["image", 1, 1, 2.5],
      ["network", 0, 0, 2.5],
    ],
  );
});

test("a report tells the whole of a gap, and what waits for an answer", () => {
  const ended = (startedAt: number, outcome: Operation["outcome"] = "ok"): Operation => ({
    ...OPERATION,
    startedAt,
    tookMs: 0,
    outcome,
  });
  const operations = [ended(600), ended(1500, "failed"), ended(2500, "failed"), ended(6000)];
  const open = [1000, 2900, 9000].map((startedAt) => ({ api: "image", startedAt }));
  const report = reportOf({ ...SEEN, operations, open }, { since: 1000, until: 3000, now: 4000 });
  const { gap, worstGapSeconds, unanswered } = report.apis[0] ?? {};
  assert.equal(worstGapSeconds, 2);
  assert.deepEqual(gap, {
    from: new Date(600).toISOString(),
    to: new Date(4000).toISOString(),
    seconds: 3.4,
    began: "success",
    ended: "open",
  });
  assert.equal(unanswered, 1, "one started in the window, more than two seconds ago");
  assert.equal(report.now, new Date(4000).toISOString());
});

test("the report as text shows counts, gap, blind time and the failure", () => {
  const text = renderReport(reportOf(SEEN, ASKED));
  assert.match(text, /1 of 1 operations failed, 0 were slow/);
  assert.match(text, /image\s+1\s+1\s+0\s+2\.5 s/);
  assert.match(text, /Blind for 0\.5 s .*the witness had not started/);
  assert.match(text, /Failed at 1970-01-01 00:00:01: image: list images: 503/);
});
