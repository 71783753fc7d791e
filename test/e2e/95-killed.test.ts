import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import type { PlanStatus } from "../../src/api/plan.ts";
import { type Identity, identity, output } from "./identity.ts";
import { attempts } from "../harness/attempts.ts";
import { bringsUp } from "./diagnosis.ts";
import { killOperator, processes, skip, textOf, underpin } from "./machine.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const state = process.env["UNDERPIN_STATE"];
const here = skip === false && state === undefined ? "there is no cloud of the tests" : skip;
const SEED = Number(process.env["UNDERPIN_SEED"] ?? 20251);
const KILLS = 10;
/** A kill comes so many seconds after the start: all ten together meet every part of the way up. */
const [EARLIEST, LATEST] = [1, 20];

test(
  "up, killed at ten moments and once with everything that runs, ends with exactly one of everything",
  { skip: here, timeout: 1_200_000 },
  async (context) => {
    const random = generator(SEED);
    context.diagnostic(`seed ${SEED}`);
    let killed = 0;
    for (let kill = 1; kill <= KILLS; kill += 1) {
      const seconds = EARLIEST + random() * (LATEST - EARLIEST);
      await upKilledAfter(seconds);
      if (kill === KILLS - 3) killNode(state ?? "");
      else if (kill % 2 === 0) killed += killOperator(state ?? "");
    }
    context.diagnostic(`the operator was killed ${killed} times`);
    const { stdout } = await bringsUp(["--yes"], 600_000);
    assert.match(stdout, /guest +hello at /);
    await exactlyOne();
    await everyStepHasItsTimes();
    assert.match(await output("up"), /nothing was changed/);
  },
);

test("it shares no key, password or id with the cloud before", { skip: here, timeout: 180_000 }, async (context) => {
  const file = `${state}-identity.json`;
  assert.ok(existsSync(file), "the part before recorded nothing");
  const earlier = JSON.parse(readFileSync(file, "utf8")) as Identity;
  rmSync(file);
  const now = await identity(state ?? "");
  const counts = [earlier, now].map((one) => Object.keys(one).length);
  context.diagnostic(`${counts.join(" and ")} values were compared`);
  assert.ok(Math.min(...counts) > 50, "there is something to compare");
  const shared = Object.keys(now).filter((hash) => hash in earlier);
  assert.deepEqual(
    shared.map((hash) => now[hash]),
    [],
  );
});

test("it goes away as a whole", { skip: here, timeout: 180_000 }, async () => {
  const folder = state ?? "";
  const { code, stderr } = await underpin(["down", "--purge", "--yes"], { timeoutMs: 170_000 });
  assert.equal(code, 0, stderr);
  // What the tests before leave there when one of them fails.
  const ours = ["traces-before.json", "bad.yaml"];
  const left = existsSync(folder) ? readdirSync(folder).filter((name) => !ours.includes(name)) : [];
  assert.deepEqual(left, []);
  rmSync(folder, { recursive: true, force: true });
  rmSync(process.env["XDG_CONFIG_HOME"] ?? `${folder}-config`, { recursive: true, force: true });
});

/** Starts `up` and ends it with all its children after so many seconds, as a machine that loses power would. */
async function upKilledAfter(seconds: number): Promise<void> {
  const child = spawn(join(ROOT, "underpin"), ["up", "--yes"], { detached: true, stdio: "ignore" });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await Promise.race([delay(seconds * 1000), ended]);
  assert.ok(child.pid !== undefined);
  if (child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  await ended;
}

/** Ends the node's first process, and so everything in it; only one whose files are in our state. */
function killNode(folder: string): void {
  const inits = processes(folder).filter((pid) => textOf(pid, "comm").trim() === "s6-svscan");
  assert.equal(inits.length, 1, "there is one node");
  process.kill(Number(inits[0]), "SIGKILL");
}

/** Whatever was killed meanwhile: the plans that were carried out have no hole. */
async function everyStepHasItsTimes(): Promise<void> {
  const { items } = JSON.parse(await output("kubectl", "-n", "laptop", "get", "plans", "-o", "json")) as {
    items: PlanItem[];
  };
  const done = items.filter(({ status }) => status?.phase === "Succeeded");
  assert.notEqual(done.length, 0, "a plan was carried out");
  for (const { metadata, status } of done) {
    assert.ok(status?.evidence?.startedAt !== undefined && status.evidence.endedAt !== undefined, metadata.name);
    for (const { id, state: standing, startedAt, seconds } of status.steps ?? [])
      assert.ok(standing === "Done" && startedAt !== undefined && seconds !== undefined, `${metadata.name} ${id}`);
  }
}

async function exactlyOne(): Promise<void> {
  for (const [list, columns, wanted] of [
    ["server", ["Name"], ["hello"]],
    ["hypervisor", ["Hypervisor Hostname"], ["n1"]],
    ["router", ["Name"], ["hello"]],
    ["flavor", ["Name"], ["hello"]],
    ["keypair", ["Name"], ["hello"]],
    ["network", ["Name"], undefined],
    ["subnet", ["Name"], undefined],
    ["image", ["Name"], undefined],
    ["user", ["Name"], undefined],
    ["project", ["Name"], undefined],
    ["role", ["Name"], undefined],
    ["service", ["Type"], undefined],
    ["endpoint", ["Service Type", "Interface"], undefined],
    ["floating ip", ["Fixed IP Address"], undefined],
    ["compute service", ["Binary", "Host"], undefined],
    ["network agent", ["Agent Type", "Host"], undefined],
  ] as const) {
    const rows = JSON.parse(await output("openstack", ...list.split(" "), "list", "-f", "json")) as Row[];
    const names = rows.map((row) => columns.map((column) => row[column]).join(" ")).toSorted();
    assert.deepEqual(names, [...new Set(names)], `${list} list has no name twice`);
    assert.notEqual(names.length, 0, `${list} list is not empty`);
    if (wanted !== undefined) assert.deepEqual(names, wanted);
  }
  await attempts(allRun, 12);
}

/** A probe that met a busy machine makes a pod unready for some seconds: looked at for a minute. */
async function allRun(attempt: number): Promise<void> {
  if (attempt > 1) await delay(5000);
  const down = JSON.parse(await output("openstack", "compute", "service", "list", "-f", "json")) as Row[];
  assert.deepEqual(
    down.filter((row) => row["State"] !== "up"),
    [],
  );
  for (const kind of ["deployment", "statefulset"]) {
    const { items } = JSON.parse(await output("kubectl", "get", kind, "-A", "-o", "json")) as { items: Controller[] };
    for (const { metadata, spec, status } of items)
      assert.deepEqual(
        [metadata.name, status.replicas, status.readyReplicas],
        [metadata.name, spec.replicas, spec.replicas],
      );
  }
}

interface PlanItem {
  readonly metadata: { readonly name: string };
  readonly status?: PlanStatus;
}

type Row = Readonly<Record<string, unknown>>;

interface Controller {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly replicas: number };
  readonly status: { readonly replicas?: number; readonly readyReplicas?: number };
}

/** Mulberry32: the same numbers for the same seed. */
function generator(seed: number): () => number {
  let value = seed;
  return () => {
    value = (value + 0x6d2b79f5) | 0;
    let mixed = Math.imul(value ^ (value >>> 15), 1 | value);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
