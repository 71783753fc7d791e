import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { readPlan, type Plan } from "../../src/api/plan.ts";
import { fieldAt, type KubeObject } from "../../src/kube/types.ts";
import type { Manifest, Workload } from "../../src/workloads/contract.ts";
import { CLOUD, World, workloads } from "./operator-harness.ts";

function renamed(object: Manifest, setting: string): Manifest {
  if (object.kind !== "Job") return object;
  return { ...object, metadata: { ...object.metadata, name: `${object.metadata.name}-${setting}` } };
}

const API = "underpin.dev/v1alpha1";
const STORE = { apiVersion: "v1", kind: "ConfigMap", namespace: "laptop", name: "store" };

describe("a change of a Cloud", { timeout: 120_000 }, () => {
  let world = new World();
  afterEach(() => world.stop());

  async function ready(spec: object = {}): Promise<void> {
    world = new World();
    await world.ready(spec);
  }

  async function plans(): Promise<Plan[]> {
    const { items } = await world.kube.list({ apiVersion: API, kind: "Plan" });
    return items.map((item) => readPlan(item)).toSorted((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  }

  async function last(): Promise<Plan> {
    const all = await plans();
    const found = all.find(({ metadata }) => metadata.name === String(planRef)) ?? all.at(-1);
    assert.ok(found !== undefined, "there is no Plan");
    return found;
  }
  let planRef: unknown;

  async function edit(spec: object): Promise<void> {
    await world.asOthers(() => world.kube.patch(CLOUD, { type: "merge", value: { spec } }));
  }

  /** Another version of the workloads: what it builds has another setting. */
  async function newer(setting: string): Promise<void> {
    await world.start({ workloads: workloads(setting), operatorImage: `operator:${setting}` });
  }

  const setting = async (): Promise<unknown> => fieldAt(await world.kube.get(STORE), "data", "setting");
  const phases = async (): Promise<(string | undefined)[]> =>
    (await plans()).map(({ status }) => status?.phase).toSorted((a, b) => String(a).localeCompare(String(b)));
  const pending = async (): Promise<Plan | undefined> =>
    (await plans()).find(({ status }) => status?.phase === "Pending");
  const condition = async (type: string): Promise<unknown> =>
    ((fieldAt(await world.cloud(), "status", "conditions") ?? []) as { type: string }[]).find(
      (one) => one.type === type,
    );

  it("leads to a Plan that is carried out and tells each step, whom it had to ask, and what it does", async () => {
    await ready();
    const [plan] = await plans();
    assert.equal(plan?.status?.phase, "Succeeded");
    assert.match(plan.status.hash ?? "", /^[0-9a-f]{64}$/);
    assert.equal(plan.status.approval?.by, "Policy");
    assert.deepEqual(plan.status.steps?.map(({ id, state }) => `${id} ${state}`).toSorted(), [
      "agents/run Done",
      "api/base Done",
      "api/db Done",
      "api/run Done",
      "store/base Done",
      "store/run Done",
    ]);
    assert.equal(plan.status.progress?.done, 6);
    assert.ok((plan.status.evidence?.seconds ?? -1) >= 0);
    assert.equal(fieldAt(await world.cloud(), "status", "planRef", "name"), plan.metadata.name);
  });

  it("that means the same is no Plan, and nothing of the cloud is written", async () => {
    await ready();
    world.kube.writes.length = 0;
    await edit({ region: "RegionOne" });
    await world.settle();
    assert.equal((await plans()).length, 1);
    assert.deepEqual(world.written(), []);
  });

  it("by a newer operator waits for an approval when that is the policy, and is then what was approved", async () => {
    await ready();
    await edit({ change: { approval: "Manual" } });
    await world.settle();
    await newer("2");
    await world.settle();
    assert.equal(await setting(), "1");
    assert.deepEqual(await phases(), ["Pending", "Succeeded"]);
    assert.equal(fieldAt(await world.cloud(), "status", "phase"), "Planned");
    assert.match(String(fieldAt(await condition("Reconciling"), "message")), /underpin approve laptop-/);
    assert.equal(fieldAt(await condition("Ready"), "status"), "True");
    const { status, metadata } = (await pending()) ?? {};
    await edit({ change: { approvedPlan: status?.hash } });
    await approve(status?.hash ?? "");
    await world.settle();
    assert.equal(await setting(), "2");
    assert.deepEqual(await phases(), ["Succeeded", "Succeeded"]);
    const done = (await plans()).find((plan) => plan.metadata.name === metadata?.name);
    assert.equal(done?.status?.approval?.by, "Cloud");
  });

  async function approve(hash: string): Promise<void> {
    const stamp = JSON.stringify({ user: "someone", time: "2026-01-01T00:00:00Z", hash });
    const value = { metadata: { annotations: { "underpin.dev/approved-by": stamp } } };
    await world.asOthers(() => world.kube.patch(CLOUD, { type: "merge", value }));
  }

  it("whose ground has moved is superseded with the reason, and is not run by its old hash", async () => {
    await ready();
    await edit({ change: { approval: "Manual" } });
    await world.settle();
    await newer("2");
    await world.settle();
    const before = await pending();
    // Another operator: the plan that waits would do something else now.
    await newer("3");
    await edit({ change: { approvedPlan: before?.status?.hash } });
    await approve(before?.status?.hash ?? "");
    await world.settle();
    assert.equal(await setting(), "1");
    const found = (await plans()).find(({ metadata }) => metadata.name === before?.metadata.name);
    assert.equal(found?.status?.phase, "Superseded");
    assert.match(found.status.message ?? "", /Not carried out: .+ Plan laptop-.+ stands in its place\./);
    assert.equal((await plans()).filter(({ status }) => status?.phase === "Pending").length, 1);
  });

  it("that the policy does not let pass leaves drift to be repaired", async () => {
    await ready();
    await edit({ change: { approval: "Manual" }, deletionPolicy: "Delete", compute: { pools: [] } });
    await world.settle();
    await world.asOthers(() => world.kube.patch(STORE, { type: "merge", value: { data: { setting: "9" } } }));
    await world.settle();
    assert.equal(await setting(), "1");
  });

  describe("while a plan runs", () => {
    /** A plan whose first steps are done and whose Job is not. */
    async function running(): Promise<KubeObject> {
      world = new World();
      await world.found();
      await world.start();
      world.failing.add("none");
      for (let pass = 0; pass < 3; pass += 1) await world.pass();
      await world.controllers();
      await world.pass();
      const { items } = await world.kube.list({ apiVersion: API, kind: "Plan" });
      const [plan] = items;
      assert.ok(plan !== undefined);
      planRef = plan.metadata.name;
      assert.equal((await last()).status?.phase, "Running");
      return plan;
    }

    async function say(action: string): Promise<void> {
      const ref = { apiVersion: API, kind: "Plan", namespace: "laptop", name: String(planRef) };
      await world.asOthers(() => world.kube.patch(ref, { type: "merge", value: { spec: { action } } }));
    }

    it("it is looked at again when nothing happens, so that a step which never ends is told", async () => {
      await running();
      // A second after the last, its status is told again.
      await new Promise((done) => setTimeout(done, 1_050));
      assert.equal(await world.pass(), 10);
    });

    it("it is paused and resumed: no further step begins meanwhile", async () => {
      await running();
      await say("Pause");
      await world.settle();
      assert.equal((await last()).status?.phase, "Paused");
      assert.ok(!(await world.objects()).includes("Deployment/laptop/api"));
      await say("Run");
      await world.settle();
      assert.equal((await last()).status?.phase, "Succeeded");
    });

    it("it is aborted: each step is on one side, which is told, and stays there", async () => {
      await running();
      await say("Abort");
      await world.settle();
      const { status } = await last();
      assert.equal(status?.phase, "Aborted");
      const sides = Object.fromEntries((status.steps ?? []).map(({ id, side }) => [id, side]));
      assert.equal(sides["store/run"], "New");
      assert.equal(sides["api/run"], "Old");
      assert.ok(!(await world.objects()).includes("Deployment/laptop/api"));
      assert.ok((await world.objects()).includes("StatefulSet/laptop/store"));
      await world.settle();
      assert.equal((await plans()).length, 1, "it is not begun again by itself");
    });

    it("an edit is queued, said, and planned when it has ended", async () => {
      await running();
      await edit({ deletionPolicy: "Delete", profile: "Standard" });
      await world.pass();
      assert.match(String(fieldAt(await condition("Reconciling"), "message")), /Generation 2 is queued/);
      await world.settle();
      assert.equal(fieldAt(await world.cloud(), "status", "phase"), "Ready");
      assert.equal(fieldAt(await condition("Reconciling"), "status"), "False");
    });

    it("a Job that has not ended goes when another comes in its place, and one that has ended stays until the end", async () => {
      const job = (name: string): string => `Job/laptop/${name}`;
      const named = (setting: string): Workload[] =>
        workloads(setting).map((one) => ({
          ...one,
          build: (input) => one.build(input).map((object) => renamed(object, setting)),
          procedure: (input, objects) =>
            one
              .procedure(input, objects)
              .map((step) =>
                step.type === "call"
                  ? step
                  : { ...step, objects: step.objects.map((key) => key.replace(/api-db$/, `api-db-${setting}`)) },
              ),
        }));
      world = new World();
      await world.found();
      world.failing.add("api-db-1");
      await world.start({ workloads: named("1") });
      await world.settle();
      assert.ok((await world.objects()).includes(job("api-db-1")));
      await world.start({ workloads: named("2"), operatorImage: "operator:2" });
      await world.pass();
      await world.pass();
      const jobs = (await world.objects()).filter((key) => key.startsWith("Job/"));
      assert.deepEqual(jobs, [job("api-db-2")]);
      await world.settle();
      await world.start({ workloads: named("3"), operatorImage: "operator:3" });
      await world.pass();
      assert.ok((await world.objects()).includes(job("api-db-2")), "it has ended, and harms nobody");
      await world.settle();
      assert.deepEqual(
        (await world.objects()).filter((key) => key.startsWith("Job/")),
        [job("api-db-3")],
      );
    });

    it("another operator that may not begin its own plan leaves it, and says so", async () => {
      await running();
      await edit({ change: { approval: "Manual" } });
      await newer("2");
      await world.settle();
      assert.deepEqual(await phases(), ["Failed", "Pending"]);
      assert.match((await last()).status?.message ?? "", /another operator came meanwhile/);
      assert.ok(!(await world.objects()).includes("Deployment/laptop/api"));
    });

    it("a step that fails is told with what to do, and the plan gives way to the next edit", async () => {
      world = new World();
      await world.found();
      await world.start();
      world.failing.add("api-db");
      await world.settle();
      const [plan] = await plans();
      planRef = plan?.metadata.name;
      assert.equal(plan?.status?.phase, "Failed");
      const step = plan.status.steps?.find(({ id }) => id === "api/db");
      assert.deepEqual([step?.state, step?.next], ["Failed", "Look at it."]);
      assert.match(plan.status.message ?? "", /api\/db: .+ It is tried again/);
      await newer("2");
      world.failing.clear();
      const job = { apiVersion: "batch/v1", kind: "Job", namespace: "laptop", name: "api-db" };
      await world.asOthers(() => world.kube.delete(job));
      await world.settle();
      assert.deepEqual(await phases(), ["Failed", "Succeeded"]);
      assert.match(
        (await last()).status?.message ?? "",
        /did not come to its end: Plan laptop-1-.+ was made in its place/,
      );
      assert.equal(await setting(), "2");
    });
  });
});
