import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { ProgressEvent } from "../../src/host/progress.ts";
import { CliError, EXIT, exitCodeOf, renderError } from "../../src/cli/errors.ts";
import { pathsFrom } from "../../src/cli/paths.ts";
import { liveRenderer } from "../../src/cli/render/live.ts";
import { jsonRenderer, modeOf, plainRenderer } from "../../src/cli/render/progress.ts";
import { age, table } from "../../src/cli/render/table.ts";
import { readTimings, writeTimings } from "../../src/cli/render/timings.ts";
import { statusLines } from "../../src/cli/verbs/status.ts";
import { summaryLines } from "../../src/cli/verbs/up.ts";
import { checkLines } from "../../src/cli/verbs/doctor.ts";
import { UnderlayError } from "../../src/underlay/errors.ts";

const EVENTS: readonly ProgressEvent[] = [
  { part: "network", state: "started", message: "making the bridges" },
  { part: "network", state: "done", message: "making the bridges", seconds: 0.42 },
  { part: "images", state: "skipped", message: "images are there" },
  { part: "kubeadm", state: "started", message: "making the cluster" },
  { part: "kubeadm", state: "failed", message: "no space left", seconds: 12 },
];

function collected(
  make: (
    write: (text: string) => void,
    now: () => number,
  ) => { report: (event: ProgressEvent) => void; close: () => void },
): string {
  let text = "";
  let clock = 0;
  const renderer = make(
    (more) => (text += more),
    () => (clock += 1000),
  );
  for (const event of EVENTS) renderer.report(event);
  renderer.close();
  return text;
}

const expected = { kubeadm: 10.4 };

test("plain progress is a line an event", () => {
  const text = collected((write, now) => plainRenderer({ write, now, expected, color: false }));
  assert.equal(
    text,
    "... making the bridges\nok  making the bridges (0.4s)\n--  images are there\n... making the cluster (about 10s)\nERR kubeadm: no space left (12s)\n",
  );
});

test("JSON progress is an event a line, with what was expected", () => {
  const text = collected((write, now) => jsonRenderer({ write, now, expected, color: false }));
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.equal(lines.length, EVENTS.length);
  assert.deepEqual(
    lines.map((line) => line["state"]),
    EVENTS.map((event) => event.state),
  );
  assert.equal(lines[3]?.["expectedSeconds"], 10.4);
  assert.equal(lines[0]?.["elapsed"], 1);
});

test("live progress leaves the finished parts, and no colour without colour", () => {
  const text = collected((write, now) => liveRenderer({ write, now, expected, color: false, columns: () => 40 }));
  // oxlint-disable-next-line no-control-regex
  const plain = text.replaceAll(/\u001b\[[0-9]+[AJ]/g, "");
  assert.ok(!plain.includes("\u001b"), "no other escape sequences");
  for (const line of ["ok  making the bridges  0.4s", "--  images are there", "ERR kubeadm: no space left  12s"])
    assert.ok(plain.includes(`${line}\n`), line);
  assert.ok(plain.includes("making the cluster  1s of about 10s"));
  for (const line of plain.split("\n").filter((one) => one.startsWith("|"))) assert.ok(line.length <= 40, line);
});

test("the mode follows the flag, then the terminal", () => {
  assert.deepEqual(
    [modeOf("json", true), modeOf(undefined, true), modeOf(undefined, false)],
    ["json", "live", "plain"],
  );
});

test("timings are kept from run to run; a damaged file is no failure", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cli-timings-"));
  const path = join(folder, "deep", "timings.json");
  assert.deepEqual(await readTimings(path), {});
  await writeTimings(path, { a: 1 });
  await writeTimings(path, { b: 2.5 });
  assert.deepEqual(await readTimings(path), { a: 1, b: 2.5 });
  await writeFile(path, "{");
  assert.deepEqual(await readTimings(path), {});
  await rm(folder, { recursive: true });
});

test("errors say what, why and what next, and have no stack trace unless asked", () => {
  const cause = new Error("connect ECONNREFUSED", { cause: new Error("refused") });
  const error = new CliError("The cluster does not answer", "underpin up", { cause });
  assert.equal(
    renderError(error),
    "error: The cluster does not answer\n  why: connect ECONNREFUSED\n  why: refused\n  next: underpin up",
  );
  assert.ok(renderError(error, true).includes("at "));
  assert.equal(renderError(new UnderlayError("No room", "Free 5 GiB.")), "error: No room\n  next: Free 5 GiB.");
  assert.equal(renderError("x"), "error: x");
  assert.equal(exitCodeOf(new Error("x")), EXIT.failed);
  assert.equal(exitCodeOf(new DOMException("", "AbortError")), EXIT.interrupted);
});

test("folders follow the environment", () => {
  assert.equal(pathsFrom({}, "/home/a").cache, "/home/a/.cache/underpin");
  assert.equal(pathsFrom({ XDG_CACHE_HOME: "/x" }, "/home/a").cache, "/x/underpin");
  assert.equal(pathsFrom({ XDG_CACHE_HOME: "relative" }, "/home/a").cache, "/home/a/.cache/underpin");
  assert.equal(pathsFrom({ UNDERPIN_CACHE: "/c", XDG_CACHE_HOME: "/x" }, "/home/a").cache, "/c");
  assert.equal(pathsFrom({ UNDERPIN_STATE: "/s" }, "/home/a").lock, "/s/lock.json");
  assert.equal(pathsFrom({ UNDERPIN_STATE: "" }, "/home/a").state, "/var/lib/underpin");
});

const NOW = new Date("2026-01-01T00:10:00Z");

test("ages and tables read as kubectl's", () => {
  const before = (seconds: number): string => new Date(NOW.getTime() - seconds * 1000).toISOString();
  assert.deepEqual(
    [0, 119, 120, 7200, 200_000].map((seconds) => age(before(seconds), NOW)),
    ["0s", "119s", "2m", "2h", "2d"],
  );
  assert.equal(age(undefined, NOW), "");
  assert.deepEqual(table(["A", "LONG"], [["xyz", ""]]), ["A     LONG", "xyz"]);
});

test("status tells what is wrong, since when, and what next", () => {
  const since = "2026-01-01T00:00:00Z";
  const lines = statusLines(
    {
      cluster: { state: "running", message: "" },
      clouds: [
        {
          name: "laptop",
          namespace: "laptop",
          release: "2025.1",
          phase: "Degraded",
          ready: "1/2",
          url: "https://10.90.0.11:30443",
          workloads: [
            { name: "keystone", ready: true, since },
            { name: "nova", ready: false, since, message: "nova-conductor: 0 of 1 pods ready" },
          ],
        },
      ],
      nodes: [{ name: "n1", ready: true, version: "v1.37.2", address: "10.90.0.11" }],
      hypervisors: [{ name: "n1", state: "Up", pool: "std", virtualization: "QEMU", guests: 1 }],
      wrong: [{ what: "nova", why: "nova-conductor: 0 of 1 pods ready", since, next: "underpin logs nova" }],
    },
    false,
    NOW,
  );
  assert.equal(
    lines.join("\n"),
    `Kubernetes  running
Cloud       laptop/laptop: OpenStack 2025.1, Degraded, 1/2 workloads
            https://10.90.0.11:30443

WRONG
  nova: nova-conductor: 0 of 1 pods ready (since 10m)
    next: underpin logs nova

WORKLOAD   READY   SINCE
keystone   yes     10m
nova       no      10m

NODE   STATE   KUBERNETES
n1     Ready   v1.37.2

HYPERVISOR   STATE   POOL   BY     GUESTS
n1           Up      std    QEMU   1`,
  );
});

test("what up says in the end has at most ten lines", () => {
  const lines = summaryLines({
    changed: true,
    apiUrl: "https://10.90.0.11:30443",
    cloudsYaml: { file: "/root/.config/openstack/clouds.yaml", entry: "underpin" },
    guest: { name: "hello", address: "10.91.0.111", ssh: "ssh root@10.91.0.111" },
  });
  assert.ok(lines.length <= 10);
  for (const part of ["https://10.90.0.11:30443", "underpin", "10.91.0.111", "ssh root@"])
    assert.ok(
      lines.some((line) => line.includes(part)),
      part,
    );
});

test("up says what a Plan waits for, and the command that goes on", () => {
  const waits = {
    plan: "laptop-7-3f9a1c2b",
    phase: "Pending",
    message: "Plan laptop-7-3f9a1c2b: no window",
    installed: false,
  } as const;
  assert.deepEqual(summaryLines({ changed: true, waits }), [
    "There is no cloud yet.",
    "  plan     laptop-7-3f9a1c2b waits: no window",
    "  next     underpin approve laptop-7-3f9a1c2b",
  ]);
  const there = summaryLines({
    changed: true,
    waits: { ...waits, phase: "Paused", installed: true },
    apiUrl: "https://10.90.0.11:30443",
    cloudsYaml: { file: "/root/.config/openstack/clouds.yaml", entry: "underpin" },
  });
  assert.equal(there[0], "The cloud is up, as it was before the change.");
  assert.match(there[2] ?? "", /underpin resume laptop-7/);
});

test("the doctor gives the cure of what is lacking", () => {
  const lines = checkLines([
    { id: "root", ok: true, found: "root", cure: "" },
    { id: "space", ok: false, found: "2 GiB free", cure: "free 20 GiB" },
  ]);
  assert.deepEqual(lines, [
    "ok    root   root",
    "LACK  space  2 GiB free",
    "             cure: free 20 GiB",
    "1 of 2 checks failed.",
  ]);
});
