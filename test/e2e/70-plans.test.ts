// A change on a real cloud: planned, reviewed, approved by its hash, carried out although the operator is killed, aborted, undone.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { PlanStatus } from "../../src/api/plan.ts";
import { attempts } from "../harness/attempts.ts";
import { type Outcome, skip, underpin } from "./machine.ts";
import { cloudReady } from "./ready.ts";

const here = skip === false && process.env["UNDERPIN_STATE"] === undefined ? "there is no cloud of the tests" : skip;
const FOLDER = mkdtempSync(join(tmpdir(), "underpin-plans-"));
const FILE = join(FOLDER, "cloud.json");
const IN_CLOUD = ["-n", "laptop"];

interface Item {
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: PlanStatus;
}

async function kubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await underpin(["kubectl", ...args]);
  assert.equal(code, 0, `kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

async function plans(): Promise<readonly Item[]> {
  return (JSON.parse(await kubectl(...IN_CLOUD, "get", "plans", "-o", "json")) as { items: Item[] }).items;
}

async function inPhase(
  what: string,
  name: string | undefined,
  phases: readonly string[],
  known: ReadonlySet<string> = new Set(),
): Promise<Item> {
  const end = performance.now() + 240_000;
  for (;;) {
    const all = await plans();
    const found = all.find(
      ({ metadata, status }) =>
        (name === undefined ? !known.has(metadata.name) : metadata.name === name) &&
        phases.includes(status?.phase ?? ""),
    );
    if (found !== undefined) return found;
    const told = all.map(({ metadata, status }) => `${metadata.name}: ${status?.phase} ${status?.message}`).join("\n");
    assert.ok(performance.now() < end, `${what}\n${told}`);
    await delay(200);
  }
}

async function patch(spec: object): Promise<Outcome> {
  return underpin(["kubectl", ...IN_CLOUD, "patch", "cloud/laptop", "--type=merge", "-p", JSON.stringify({ spec })]);
}

async function patched(spec: object): Promise<void> {
  const { code, stderr } = await patch(spec);
  assert.equal(code, 0, stderr);
}

/** The ConfigMaps of one service; the operator's own book has the Cloud's words too. */
const configuration = (service: string): Promise<string> =>
  kubectl(...IN_CLOUD, "get", "configmaps", "-l", `app.kubernetes.io/name=${service}`, "-o", "yaml");

const options = (number: number): object => ({
  placement: { options: { placement: { allocation_conflict_retry_count: number } } },
});

describe("a change that somebody must approve", { skip: here, timeout: 1_200_000 }, () => {
  let hash = "";
  let name = "";
  let number = 0;

  before(async () => {
    if (here !== false) return;
    await cloudReady();
    await patched({ change: { approval: "Manual" } });
  });
  after(async () => {
    rmSync(FOLDER, { recursive: true, force: true });
    if (here !== false) return;
    await patched({ change: null, services: null });
    await cloudReady();
  });

  test("the plan of its file has the hash of the Plan that the operator makes of it", async () => {
    const cloud = JSON.parse(await kubectl(...IN_CLOUD, "get", "cloud/laptop", "-o", "json")) as Item;
    const spec = { ...cloud.spec, services: options(21) };
    const metadata = { name: "laptop", namespace: "laptop" };
    writeFileSync(FILE, JSON.stringify({ apiVersion: "underpin.dev/v1alpha1", kind: "Cloud", metadata, spec }));
    const { code, stdout, stderr } = await underpin(["plan", "-f", FILE, "-o", "json"]);
    assert.equal(code, 2, stderr);
    hash = (JSON.parse(stdout) as { hash: string }).hash;
    await patched({ services: options(21) });
    const pending = await inPhase("a Plan that waits", undefined, ["Pending"]);
    name = pending.metadata.name;
    assert.equal(pending.status?.hash, hash);
    // What it waits for is judged when it is there, and the Cloud tells it last.
    await attempts(async (attempt) => {
      if (attempt > 1) await delay(500);
      const phase = await kubectl(...IN_CLOUD, "get", "cloud/laptop", "-o", "jsonpath={.status.phase}");
      assert.equal(phase, "Planned");
    }, 20);
    const { status } = await inPhase("a Plan that waits", name, ["Pending"]);
    assert.match(status?.message ?? "", new RegExp(`underpin approve ${name}`));
    assert.doesNotMatch(await configuration("placement"), /allocation_conflict_retry_count *= *21/);
  });

  test("another hash is refused with its reason, and changes nothing", async () => {
    const { code, stderr } = await patch({ change: { approvedPlan: "0".repeat(64) } });
    assert.equal(code, 1);
    assert.match(stderr, /no plan of Cloud laptop has this hash/);
  });

  test("approved, it is carried out as it was shown, though the operator is killed in the middle", async () => {
    const { code, stderr } = await underpin(["approve", name, "--yes"]);
    assert.equal(code, 0, stderr);
    await inPhase("a Plan that runs", name, ["Running", "Succeeded"]);
    await kubectl(
      "-n",
      "underpin-system",
      "delete",
      "pods",
      "-l",
      "app.kubernetes.io/name=underpin-operator",
      "--force",
      "--grace-period=0",
    );
    const { status } = await inPhase("a Plan that is done", name, ["Succeeded"]);
    assert.equal(status?.hash, hash);
    assert.equal(status.approval?.by, "PlanApproval");
    assert.match(status.approval?.user ?? "", /admin/);
    assert.ok((status.steps ?? []).length > 0);
    for (const step of status.steps ?? [])
      assert.ok(step.state === "Done" && step.startedAt !== undefined && step.seconds !== undefined, step.id);
    assert.match(await configuration("placement"), /allocation_conflict_retry_count *= *21/);
  });

  // Where this process stands still for a moment, a plan may have ended before it is paused: then another one is made.
  test("paused, it begins no further step, and goes on when it is resumed", () =>
    attempts(async (attempt) => {
      if (attempt > 1) await cloudReady();
      number = 12 + 10 * attempt;
      const known = new Set((await plans()).map(({ metadata }) => metadata.name));
      await patched({
        change: { approval: "Automatic" },
        services: { ...options(number), glance: { options: { DEFAULT: { image_property_quota: 100 + number } } } },
      });
      const plan = await inPhase("a Plan that runs", undefined, ["Running", "Succeeded"], known);
      const paused = await underpin(["pause", plan.metadata.name]);
      assert.equal(paused.code, 0, paused.stderr);
      const { status } = await inPhase("a Plan that is paused", plan.metadata.name, ["Paused", "Succeeded"]);
      assert.equal(status?.phase, "Paused");
      const resumed = await underpin(["resume", plan.metadata.name]);
      assert.equal(resumed.code, 0, resumed.stderr);
      await inPhase("a Plan that is done", plan.metadata.name, ["Succeeded"]);
    }));

  test("aborted, the cloud is well and says on which side each step is; undone, it is what it was", async () => {
    const keystone = { options: { DEFAULT: { max_project_tree_depth: 6 } } };
    await patched({ change: { approval: "Manual", approvedPlan: null }, services: { keystone, ...options(23) } });
    const plan = await inPhase("a Plan that waits", undefined, ["Pending"]);
    // Said before it begins: what would begin first is known.
    const action = '{"spec":{"action":"Abort"}}';
    await kubectl(...IN_CLOUD, "patch", `plan/${plan.metadata.name}`, "--type=merge", "-p", action);
    await patched({ change: { approvedPlan: plan.status?.hash } });
    const { status } = await inPhase("a Plan that is aborted", plan.metadata.name, ["Aborted"]);
    assert.equal(status?.approval?.by, "Cloud");
    assert.ok((status.steps ?? []).length >= 4);
    for (const step of status.steps ?? []) assert.equal(step.side, "Old", step.id);
    assert.doesNotMatch(await configuration("keystone"), /max_project_tree_depth/);
    await patched({ change: { approval: "Automatic", approvedPlan: null } });
    await kubectl(...IN_CLOUD, "wait", "cloud/laptop", "--for=condition=Ready", "--timeout=240s");
    const undone = await underpin(["undo", plan.metadata.name, "--yes"], { timeoutMs: 300_000 });
    assert.equal(undone.code, 0, undone.stderr);
    await cloudReady();
    const spec = await kubectl(...IN_CLOUD, "get", "cloud/laptop", "-o", "jsonpath={.spec.services}");
    assert.match(spec, new RegExp(`"allocation_conflict_retry_count":${number}`));
    assert.doesNotMatch(spec, /max_project_tree_depth/);
  });

  test("history tells all of it, newest first", async () => {
    const { code, stdout, stderr } = await underpin(["history", "-o", "json"]);
    assert.equal(code, 0, stderr);
    for (const word of ["Succeeded", "Aborted"]) assert.match(stdout, new RegExp(word));
    const columns = await kubectl(...IN_CLOUD, "get", "plans");
    assert.match(columns, /NAME +CLOUD +PHASE +CHANGE +IMPACT +AGE/);
  });
});
