// What people do with Plans, on an API server in memory: what is written, and what is refused with which words.
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { consent } from "../../src/cli/confirm.ts";
import type { CliContext } from "../../src/cli/context.ts";
import { CliError, renderError } from "../../src/cli/errors.ts";
import { actOnPlan, approvePlan, type PlanAction } from "../../src/cli/plan-actions.ts";
import { STATE_NAME } from "../../src/desired/state.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import { fieldAt } from "../../src/kube/types.ts";
import { storedPlan } from "./stored-plans.ts";

const HASH = "3f9a1c2b7d10".padEnd(64, "0");
const NAME = "laptop-7-3f9a1c2b";
const API = "underpin.dev/v1alpha1";
let refuse: KubeError | undefined;
let asked: string[];
let out: string;

beforeEach(() => {
  refuse = undefined;
  asked = [];
  out = "";
});

async function cluster(
  ...plans: readonly { name?: string; phase: string; [field: string]: unknown }[]
): Promise<FakeKube> {
  const kube = new FakeKube({
    before: (verb) => {
      if (refuse !== undefined && (verb === "create" || verb === "patch")) throw refuse;
    },
  });
  await kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "laptop" } });
  for (const crd of customResourceDefinitions()) await kube.create(crd);
  for (const { name = NAME, action = "Run", ...status } of plans) {
    const { metadata, spec, ...rest } = storedPlan({ hash: HASH, ...status }, name);
    const object = { ...rest, metadata: { name: metadata.name, namespace: "laptop" }, spec: { ...spec, action } };
    await kube.create(object);
    const ref = { apiVersion: API, kind: "Plan", namespace: "laptop", name };
    await kube.patch(ref, { type: "merge", value: { status: rest.status } }, { subresource: "status" });
  }
  kube.writes.length = 0;
  return kube;
}

const acting = (kube: FakeKube) => ({
  kube,
  out: (text: string) => void (out += `${text}\n`),
  ask: (question: string) => Promise.resolve(void asked.push(question)),
});
const named = (name: string) => ({ name, namespace: undefined });
const approve = (kube: FakeKube, hash?: string, name = NAME) => approvePlan(acting(kube), named(name), hash);
const act = (kube: FakeKube, action: PlanAction) => actOnPlan(acting(kube), named(NAME), action);

async function refused(work: Promise<void>, words: RegExp): Promise<CliError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof CliError, String(error));
  assert.match(renderError(error), words);
  return error;
}

test("a Plan that waits is shown, asked about and approved by its hash; approving twice is once", async () => {
  const kube = await cluster({ phase: "Pending" });
  await approve(kube, HASH.slice(0, 12));
  assert.match(
    out,
    /mariadb restarts; keystone rolls\n[^]*every API: fails[^]*hash +3f9a[^]*is approved[^]*underpin watch laptop-7/,
  );
  assert.deepEqual(asked, ["Approve it?"]);
  assert.deepEqual(kube.writes, ["create PlanApproval/laptop/laptop-7-3f9a1c2b-3f9a1c2b7d"]);
  const { items } = await kube.list({ apiVersion: API, kind: "PlanApproval" });
  assert.deepEqual(fieldAt(items[0], "spec"), { plan: NAME, hash: HASH });
  assert.equal(fieldAt(items[0], "metadata", "ownerReferences", 0, "name"), NAME);
  await approve(kube);
  assert.equal(kube.writes.length, 1);
  assert.match(out, /was approved before/);
});

test("what cannot be approved is refused with the reason and what to do, and nothing is written", async () => {
  const newer = { name: "laptop-8-aaaaaaaa", phase: "Pending", generation: 8 };
  const cases: [status: { phase: string; [field: string]: unknown }, words: RegExp][] = [
    [
      { phase: "Superseded", message: "Not carried out: a node came." },
      /superseded\. Not carried out: a node came\.\n {2}next: .*underpin plan laptop-8-aaaaaaaa/,
    ],
    [{ phase: "Running" }, /carried out already\n {2}next: .*underpin watch/],
    [{ phase: "Succeeded" }, /all of it is done\n {2}next: .*underpin undo/],
    [{ phase: "Failed", message: "keystone/db" }, /it failed\. keystone\/db/],
    [{ phase: "Aborted" }, /was aborted/],
    [{ phase: "Candidate" }, /never carried out\n {2}next: .*underpin apply -f FILE/],
  ];
  for (const [status, words] of cases) {
    const kube = await cluster(status, newer);
    await refused(approve(kube), words);
    assert.deepEqual(kube.writes, [], status.phase);
  }
  const kube = await cluster({ phase: "Pending", summary: undefined, hash: undefined });
  await refused(approve(kube), /cannot be approved/);
});

test("a Plan that the API server would refuse is not approved", async () => {
  const summary = { ...storedPlan().status?.summary, refused: ["StatefulSet/laptop/mariadb: spec: Forbidden"] };
  await refused(approve(await cluster({ phase: "Pending", summary })), /would refuse it: StatefulSet/);
});

test("another hash than the plan's is refused, and what is no hash at all", async () => {
  const kube = await cluster({ phase: "Pending" });
  const other = await refused(approve(kube, "f".repeat(64)), /has another hash than ffffffffffff: 3f9a1c2b7d10/);
  assert.equal(other.exitCode, 1);
  for (const wrong of ["3f9a", "nothing", "", `${HASH}0`])
    assert.equal((await refused(approve(kube, wrong), /is no hash of a plan/)).exitCode, 2, wrong);
  assert.deepEqual(kube.writes, []);
});

test("a Plan that does not exist is told with the nearest name, and how to see all", async () => {
  const kube = await cluster({ phase: "Pending" });
  const error = await refused(
    approve(kube, undefined, "laptop-7-3f9a1c2d"),
    /Did you mean laptop-7-3f9a1c2b\?.*underpin history/,
  );
  assert.equal(error.exitCode, 2);
  await refused(approve(await cluster(), undefined, "x"), /There is no Plan x\n {2}next: See the Plans/);
  const bare = new FakeKube();
  await refused(approve(bare, undefined, "x"), /There is no Plan x/);
});

test("who may not approve is told by whom it was refused and what is missing", async () => {
  const kube = await cluster({ phase: "Pending" });
  const message = 'admission webhook "x.underpin.dev" denied the request: jane may not approve plans in laptop';
  refuse = new KubeError("POST /apis", 403, { reason: "Forbidden", message });
  await refused(
    approve(kube),
    /refuses to approve the plan: jane may not approve plans in laptop\n {2}next: .*"approve" on plans/,
  );
  refuse = new KubeError("POST /apis", 500, { message: "Internal error occurred: failed calling webhook: refused" });
  await refused(approve(kube), /does not answer/);
});

test("pause, resume and abort set what the Plan is told, and say what comes next", async () => {
  for (const [action, phase, before, after] of [
    ["Pause", "Running", "Run", "Pause"],
    ["Pause", "Approved", "Run", "Pause"],
    ["Resume", "Paused", "Pause", "Run"],
    ["Resume", "Running", "Pause", "Run"],
    ["Abort", "Running", "Run", "Abort"],
    ["Abort", "Paused", "Pause", "Abort"],
  ] as const) {
    const kube = await cluster({ phase, action: before });
    await act(kube, action);
    const plan = await kube.get({ apiVersion: API, kind: "Plan", namespace: "laptop", name: NAME });
    assert.equal(fieldAt(plan, "spec", "action"), after, `${action} ${phase}`);
    assert.match(out, /next: underpin watch laptop-7/);
  }
  assert.equal(asked.length, 2, "only an abort asks");
});

test("what is so already is said and not written; the wrong phase is refused", async () => {
  const same: [PlanAction, { phase: string; action?: string }][] = [
    ["Pause", { phase: "Paused", action: "Pause" }],
    ["Resume", { phase: "Running" }],
    ["Abort", { phase: "Running", action: "Abort" }],
  ];
  for (const [action, status] of same) {
    const kube = await cluster(status);
    await act(kube, action);
    assert.deepEqual(kube.writes, [], action);
  }
  assert.match(out, /paused already[^]*is not paused[^]*being aborted already/);
  await refused(act(await cluster({ phase: "Running", action: "Abort" }), "Resume"), /it is being aborted/);
  await refused(act(await cluster({ phase: "Pending" }), "Pause"), /nothing of it has begun[^]*underpin approve/);
  for (const action of ["Pause", "Resume", "Abort"] as const)
    for (const phase of ["Pending", "Succeeded", "Failed", "Aborted", "Superseded", "Candidate"])
      await refused(act(await cluster({ phase }), action), /cannot/);
});

test("a failed Plan that is still tried can be aborted; one that another took the place of cannot", async () => {
  for (const [running, code] of [
    [NAME, "Abort"],
    ["laptop-8-aaaaaaaa", "Run"],
  ]) {
    const kube = await cluster({ phase: "Failed", message: "keystone/db: no answer" });
    const data = {
      effect: JSON.stringify({ spec: { release: "2025.1" }, generation: 7, operator: "o", plan: running }),
      running: JSON.stringify({ plan: running, startedAt: "2026-01-01T00:00:00Z", ended: {} }),
    };
    await kube.create({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: STATE_NAME, namespace: "laptop" },
      data,
    });
    if (running === NAME) await act(kube, "Abort");
    else await refused(act(kube, "Abort"), /it has ended: it failed\. keystone\/db: no answer/);
    const plan = await kube.get({ apiVersion: API, kind: "Plan", namespace: "laptop", name: NAME });
    assert.equal(fieldAt(plan, "spec", "action"), code);
  }
});

test("where nobody can be asked, a change needs --yes", async () => {
  const cli = { terminal: false } as CliContext;
  await assert.rejects(consent(cli, false)("Go on?"), /There is no terminal to ask on, and nothing was changed/);
  await consent(cli, true)("Go on?");
  const kube = await cluster({ phase: "Pending" });
  const work = approvePlan({ ...acting(kube), ask: consent(cli, false) }, named(NAME));
  assert.equal((await refused(work, /--yes/)).exitCode, 1);
  assert.deepEqual(kube.writes, []);
});
