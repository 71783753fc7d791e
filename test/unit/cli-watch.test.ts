// A Plan that is followed, as it is drawn and as it is told; and which Plan a command means.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import fc from "fast-check";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import type { Plan } from "../../src/api/plan.ts";
import { CliError } from "../../src/cli/errors.ts";
import { followPlan } from "../../src/cli/follow-plan.ts";
import { writePicture } from "../../src/cli/picture-file.ts";
import { currentPlan, findPlan, planMeant } from "../../src/cli/plan-found.ts";
import { planRef } from "../../src/cli/plans.ts";
import { endLines } from "../../src/cli/render/plan-stored.ts";
import { jsonWatch, liveWatch, plainWatch, watchFrame } from "../../src/cli/render/plan-watch.ts";
import { screenOf } from "../../src/cli/screen.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import { LAPTOP } from "./build-input.ts";
import { ABORTED, FAILED, PENDING, STEPS, storedPlan, SUCCEEDED } from "./stored-plans.ts";

const folder = await mkdtemp(join(tmpdir(), "cli-watch-"));
after(() => rm(folder, { recursive: true }));

const NOW = new Date("2026-01-01T00:00:35Z");

async function cluster(...plans: readonly Plan[]) {
  const kube = new FakeKube();
  await kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "laptop" } });
  for (const crd of customResourceDefinitions()) await kube.create(crd);
  await kube.create(LAPTOP);
  const say = (plan: Plan) =>
    kube.patch(planRef(plan), { type: "merge", value: { status: { ...plan.status } } }, { subresource: "status" });
  for (const { status: _status, ...plan } of plans) await kube.create(plan);
  for (const plan of plans) await say(plan);
  return { kube, say };
}

function following(
  show: (plan: Plan) => void,
  part: { readonly signal?: AbortSignal; readonly evidenceMs?: number } = {},
) {
  return {
    onChange: show,
    onTrouble: (error: unknown) => assert.fail(String(error)),
    signal: part.signal ?? new AbortController().signal,
    evidenceMs: part.evidenceMs ?? 5_000,
  };
}

test("without a terminal: a line for each step that changes, and one for each phase", async () => {
  const { kube, say } = await cluster(PENDING);
  let text = "";
  const renderer = plainWatch((more) => (text += more));
  const seen = new Set<string>();
  const ended = followPlan(
    kube,
    PENDING,
    following((plan) => {
      renderer.show(plan);
      const phase = plan.status?.phase ?? "";
      if (seen.has(phase)) return;
      seen.add(phase);
      if (phase === "Pending") void say(storedPlan());
      if (phase === "Running") void say(SUCCEEDED);
    }),
  );
  assert.equal((await ended).status?.phase, "Succeeded");
  assert.deepEqual(text.split("\n"), [
    `Plan laptop-7 Pending. ${PENDING.status?.message}`,
    "ok  mariadb/base (1.2 s)",
    "ok  mariadb/ready (14 s)",
    "ok  keystone/base (0.4 s)",
    "ok  keystone/db (9 s)",
    "... keystone/api (about 12 s)",
    `Plan laptop-7 Running: 4 of 6 steps done, about 9 s left. ${PENDING.status?.message}`,
    "ok  keystone/api (7 s)",
    "ok  keystone/answers (7 s)",
    `Plan laptop-7 Succeeded: 6 of 6 steps done. ${PENDING.status?.message}`,
    "",
  ]);
});

test("for programs: an object a line", () => {
  let text = "";
  const renderer = jsonWatch(
    (more) => (text += more),
    () => NOW,
  );
  renderer.show(storedPlan());
  renderer.show(storedPlan());
  renderer.show(FAILED);
  const events = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(events.length, 8);
  assert.deepEqual(events[4], { time: NOW.toISOString(), plan: "laptop-7", step: "keystone/api", ...rest(STEPS[4]) });
  assert.equal(events.at(-1)?.["phase"], "Failed");
});

function rest({ id: _id, ...step }: (typeof STEPS)[number]): object {
  return step;
}

test("interrupted, it leaves the Plan as it is", async () => {
  const { kube } = await cluster(storedPlan());
  const stop = new AbortController();
  const before = kube.writes.length;
  const watching = followPlan(
    kube,
    storedPlan(),
    following(() => stop.abort(), { signal: stop.signal }),
  );
  await assert.rejects(watching, { name: "AbortError" });
  assert.equal(kube.writes.length, before);
});

test("a Plan that is deleted meanwhile is told, not waited for", async () => {
  const { kube } = await cluster(storedPlan());
  const watching = followPlan(
    kube,
    storedPlan(),
    following(() => void kube.delete(planRef(storedPlan()))),
  );
  await assert.rejects(watching, (error) => error instanceof CliError && /somebody deleted it/.test(error.message));
});

test("the evidence is waited for, though not for ever", async () => {
  const { evidence: _evidence, ...status } = SUCCEEDED.status ?? {};
  const bare = storedPlan(status);
  const first = await cluster(bare);
  const without = await followPlan(
    first.kube,
    bare,
    following(() => undefined, { evidenceMs: 20 }),
  );
  assert.equal(without.status?.evidence, undefined);
  assert.match(endLines(without, 80).join("\n"), /still gathered: underpin plan laptop-7/);
  const { kube, say } = await cluster(bare);
  let told = false;
  const tell = (): void => {
    if (!told) void say(SUCCEEDED);
    told = true;
  };
  const proven = await followPlan(kube, bare, following(tell));
  assert.match(endLines(proven, 80).join("\n"), /No request failed, of 240/);
});

test("the end says what failed, and what next", () => {
  const text = endLines(FAILED, 80).join("\n");
  for (const part of ["Plan laptop-7 Failed", "log: keystone-6b7f8", "next: underpin logs keystone"])
    assert.ok(text.includes(part), part);
  assert.match(endLines(ABORTED, 80).join("\n"), /It was aborted by jane/);
});

test("a frame is no larger than the terminal, whatever the plan is", () => {
  const many = (count: number): Plan =>
    storedPlan({
      message: "a long message ".repeat(20),
      steps: Array.from({ length: count }, (_, index) => ({
        id: `workload-${index % 14}/step-${index}`,
        after: index < 14 ? [] : [`workload-${index % 14}/step-${index - 14}`],
        state: (["Waiting", "Running", "Done"] as const)[index % 3],
      })),
    });
  const sizes = fc.record({
    count: fc.nat(200),
    width: fc.integer({ min: 20, max: 160 }),
    rows: fc.integer({ min: 1, max: 60 }),
  });
  fc.assert(
    fc.property(sizes, ({ count, width, rows }) => {
      const lines = watchFrame(many(count), { width, rows, color: false, now: NOW, gone: 0 });
      assert.ok(lines.length <= rows, `${lines.length} lines in ${rows}`);
      for (const line of lines) assert.ok(Array.from(line).length <= width, line);
    }),
  );
  const small = watchFrame(storedPlan(), { width: 80, rows: 24, color: false, now: NOW, gone: 4 }).join("\n");
  const { evidence: _evidence, ...ended } = SUCCEEDED.status ?? {};
  const last = watchFrame(storedPlan(ended), { width: 80, rows: 24, color: false, now: NOW, gone: 4 }).join("\n");
  assert.match(last, /The witness's last answers are awaited/);
  assert.ok(!small.includes("awaited"));
  assert.match(small, /about 5 s left/);
  assert.match(small, /◐ api\* 5 s of ~12 s/);
});

test("on a terminal each frame is drawn over the one before", () => {
  let text = "";
  const size = () => ({ columns: 80, rows: 24 });
  const renderer = liveWatch({ write: (more) => (text += more), color: false, size, now: () => NOW });
  renderer.show(storedPlan());
  const drawn = text.split("\n").length - 1;
  renderer.note("The API server does not answer");
  assert.ok(text.includes(`\u001b[${drawn}A\u001b[0JThe API server does not answer\nPlan laptop-7`));
  renderer.close();
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(text, /\u001b\[\d+m/);
});

test("colours follow the terminal and NO_COLOR", () => {
  const screen = (env: Record<string, string>, isTTY: boolean) => screenOf({ env }, { isTTY });
  assert.deepEqual(screen({}, true), { terminal: true, color: true });
  assert.deepEqual(screen({ NO_COLOR: "1" }, true), { terminal: true, color: false });
  assert.deepEqual(screen({ NO_COLOR: "" }, true), { terminal: true, color: true });
  assert.deepEqual(screen({ TERM: "dumb" }, true), { terminal: false, color: false });
  assert.deepEqual(screen({}, false), { terminal: false, color: false });
});

test("a Plan is meant by its name, or by digits of a hash that one Plan has", () => {
  const other = storedPlan({ hash: "3f9a1cffffff".padEnd(64, "0") }, "laptop-8");
  const list = { plans: [other, storedPlan()], unreadable: [] };
  assert.equal(planMeant(list, "laptop-7").metadata.name, "laptop-7");
  assert.equal(planMeant(list, "3F9A1C2B").metadata.name, "laptop-7");
  assert.throws(
    () => planMeant(list, "3f9a1c"),
    /Several Plans have a hash that begins with 3f9a1c: laptop-8, laptop-7/,
  );
  assert.throws(() => planMeant(list, "3f9a"), /There is no Plan 3f9a/);
  assert.throws(() => planMeant(list, "0123456789"), /There is no Plan 0123456789/);
  const named = storedPlan({}, "abcdef");
  assert.equal(
    planMeant({ plans: [storedPlan({ hash: "abcdef".padEnd(64, "0") }), named], unreadable: [] }, "abcdef"),
    named,
  );
});

test("without a name: the Plan that runs, else the one that waits, else the last; a candidate never", async () => {
  const cloud = { metadata: { name: "laptop", namespace: "laptop" } } as Parameters<typeof currentPlan>[1];
  const running = storedPlan({}, "laptop-2");
  const waiting = storedPlan({ phase: "Pending" }, "laptop-3");
  const [last, first] = [storedPlan(SUCCEEDED.status ?? {}, "laptop-4"), storedPlan(FAILED.status ?? {}, "laptop-1")];
  const candidate = { ...waiting, spec: { ...waiting.spec, candidate: LAPTOP.spec } } as unknown as Plan;
  const of = (...plans: readonly Plan[]) => currentPlan({ plans, unreadable: [] }, cloud)?.metadata.name;
  assert.equal(of(candidate, last, waiting, running, first), "laptop-2");
  assert.equal(of(candidate, last, waiting, first), "laptop-3");
  assert.equal(of(candidate, last, first), "laptop-4");
  assert.equal(of(candidate), undefined);
  const { kube } = await cluster(running, last);
  assert.equal((await findPlan(kube, undefined, undefined)).metadata.name, "laptop-2");
  const empty = await cluster();
  await assert.rejects(findPlan(empty.kube, undefined, "laptop"), /Cloud laptop\/laptop has no Plan yet/);
});

test("a picture is written whole, over a file and nothing else", async () => {
  const file = join(folder, "plan.svg");
  await writePicture(file, "one");
  await writePicture(file, "two");
  assert.equal(await readFile(file, "utf8"), "two");
  await mkdir(join(folder, "deep"));
  await assert.rejects(writePicture(join(folder, "deep"), "x"), /is a folder/);
  await assert.rejects(writePicture("/dev/null", "x"), /is no ordinary file/);
  await assert.rejects(writePicture(join(folder, "none", "plan.svg"), "x"), /its folder does not exist/);
  await assert.rejects(writePicture(join(file, "plan.svg"), "x"), /a part of its path is no folder/);
  await writeFile(join(folder, "target"), "old");
  await symlink(join(folder, "target"), join(folder, "link"));
  await writePicture(join(folder, "link"), "through the link");
  assert.equal(await readFile(join(folder, "target"), "utf8"), "through the link");
  assert.deepEqual((await readdir(folder)).toSorted(), ["deep", "link", "plan.svg", "target"]);
});
