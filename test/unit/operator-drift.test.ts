import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fieldAt, keyOf, type ObjectRef } from "../../src/kube/types.ts";
import { readSnapshot } from "../../src/desired/snapshot.ts";
import { Fights } from "../../src/operator/drift-fights.ts";
import { DRIFT_KEY, DRIFT_NAME, type DriftRecord, readDrift } from "../../src/plan/drift.ts";
import { CLOUD, World, workloads } from "./operator-harness.ts";

const MAP: ObjectRef = { apiVersion: "v1", kind: "ConfigMap", namespace: "laptop", name: "store" };
const API: ObjectRef = { apiVersion: "apps/v1", kind: "Deployment", namespace: "laptop", name: "api" };
const RECORDS: ObjectRef = { ...MAP, name: DRIFT_NAME };

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

describe("a change that nobody planned", { timeout: 120_000 }, () => {
  let world = new World();
  afterEach(() => world.stop());

  async function ready(spec: object = {}): Promise<void> {
    world = new World();
    await world.ready(spec);
  }

  /** All that is recorded; the operator is gone then. */
  async function records(): Promise<readonly DriftRecord[]> {
    await world.stop();
    const text = fieldAt(await world.kube.get(RECORDS), "data", DRIFT_KEY);
    return readDrift(typeof text === "string" ? text : "");
  }

  async function patch(ref: ObjectRef, value: object, fieldManager = "kubectl-edit"): Promise<void> {
    await world.asOthers(() => world.kube.patch(ref, { type: "merge", value: value as never }, { fieldManager }));
  }

  async function drifted(): Promise<Condition> {
    const list = fieldAt(await world.cloud(), "status", "conditions") as readonly Condition[];
    return list.find(({ type }) => type === "Drifted") ?? assert.fail("there is no condition Drifted");
  }

  async function notes(reason: string): Promise<readonly string[]> {
    const { items } = await world.kube.list({ apiVersion: "events.k8s.io/v1", kind: "Event", namespace: "laptop" });
    return items.filter((event) => event["reason"] === reason).map((event) => String(event["note"]));
  }

  /** What is told beside a pass. */
  async function told(): Promise<void> {
    await sleep(20);
    await world.pass();
  }

  it("is repaired, and told with who, when and what", async () => {
    await ready();
    assert.equal((await drifted()).status, "False");
    await patch(MAP, { data: { setting: "mine", more: "1" } });
    await world.pass();
    assert.deepEqual(fieldAt(await world.kube.get(MAP), "data"), { setting: "1" });
    await told();
    assert.deepEqual(await notes("DriftRepaired"), [
      "ConfigMap/laptop/store: data.setting 1 → mine and 1 more, by kubectl-edit; it was put back",
    ]);
    assert.equal((await drifted()).status, "False");
    const [found, ...more] = await records();
    assert.deepEqual(more, []);
    const { time, managerTime, ...rest } = found ?? assert.fail("nothing is recorded");
    assert.ok(Math.abs(Date.now() - Date.parse(time)) < 60_000);
    assert.ok(Math.abs(Date.now() - Date.parse(managerTime ?? "")) < 60_000);
    assert.deepEqual(rest, {
      object: "ConfigMap/laptop/store",
      action: "Repaired",
      manager: "kubectl-edit",
      fields: [
        { path: "data.setting", was: "1", is: "mine" },
        { path: "data.more", is: "1" },
      ],
    });
  });

  it("is told of what was deleted, our own label and a Hypervisor included", async () => {
    await ready();
    const node = { apiVersion: "underpin.dev/v1alpha1", kind: "Hypervisor", namespace: "laptop", name: "n1" };
    const secret = { ...MAP, kind: "Secret", name: "store-root" };
    await world.asOthers(async () => {
      for (const ref of [API, node, secret]) await world.kube.delete(ref);
    });
    await patch(MAP, { metadata: { labels: { "app.kubernetes.io/managed-by": null } } });
    await world.settle();
    const found = await records();
    const label = "metadata.labels.app.kubernetes.io/managed-by";
    assert.deepEqual(
      found
        .toSorted((a, b) => (a.object < b.object ? -1 : 1))
        .map(({ object, deleted = false, manager, fields }) => [object, deleted, manager, fields]),
      [
        ["ConfigMap/laptop/store", false, "unknown", [{ path: label, was: "underpin" }]],
        ["Deployment/laptop/api", true, "unknown", []],
        ["Hypervisor/laptop/n1", true, "unknown", []],
        ["Secret/laptop/store-root", true, "unknown", []],
      ],
    );
  });

  it("is nothing of what the operator itself does: a first start, another version, a node that comes and goes", async () => {
    await ready();
    await world.start({ workloads: workloads("2") });
    await world.settle();
    assert.deepEqual(fieldAt(await world.kube.get(MAP), "data"), { setting: "2" });
    const node = { apiVersion: "v1", kind: "Node", name: "n1" };
    await world.asOthers(() => world.kube.delete(node));
    await world.settle();
    await world.addNode("n1", "10.90.0.11");
    await world.settle();
    assert.deepEqual(await records(), []);
    assert.equal(await world.kube.get(RECORDS), undefined);
  });

  it("is nothing of what others add where they may", async () => {
    await ready();
    world.kube.writes.length = 0;
    await patch(API, { metadata: { annotations: { "example.org/note": "1" } }, spec: { paused: false } });
    await world.settle();
    assert.deepEqual(world.written(), []);
    assert.deepEqual(await records(), []);
  });

  it("is left where the Cloud says Report, and told once, also by the next process", async () => {
    await ready({ drift: { kinds: [{ kind: "ConfigMap", action: "Report" }] } });
    world.kube.writes.length = 0;
    await patch(MAP, { data: { setting: "mine" } });
    await world.settle();
    await told();
    assert.deepEqual(world.written(), []);
    assert.deepEqual(fieldAt(await world.kube.get(MAP), "data"), { setting: "mine" });
    const { status, reason, message } = await drifted();
    assert.deepEqual([status, reason], ["True", "Reported"]);
    assert.equal(
      message,
      "ConfigMap/laptop/store: data.setting 1 → mine, by kubectl-edit; it is left so, as spec.drift says",
    );
    assert.equal((await notes("DriftReported")).length, 1);
    assert.equal(fieldAt(await world.cloud(), "status", "phase"), "Ready", "it stands in the way of nothing");
    await world.start();
    await world.settle();
    assert.equal((await drifted()).status, "True");
    assert.equal((await notes("DriftReported")).length, 1);
    assert.deepEqual(
      (await records()).map(({ action, count }) => [action, count]),
      [["Reported", undefined]],
    );
  });

  it("is over when it is taken back, when it is to be repaired, and when a plan writes it", async () => {
    const report = { drift: { default: "Report" } };
    await ready(report);
    await patch(MAP, { data: { setting: "mine" } });
    await world.settle();
    await patch(MAP, { data: { setting: "1" } });
    await world.settle();
    assert.equal((await drifted()).status, "False", "taken back");
    await patch(MAP, { data: { setting: "mine" } });
    await world.settle();
    assert.equal((await drifted()).status, "True");
    await world.start({ workloads: workloads("2") });
    await world.settle();
    assert.deepEqual(fieldAt(await world.kube.get(MAP), "data"), { setting: "2" });
    assert.equal((await drifted()).status, "False", "a plan wrote it");
    await patch(MAP, { data: { setting: "mine" } });
    await world.settle();
    assert.equal((await drifted()).status, "True");
    await patch(CLOUD, { spec: { drift: { default: "Repair" } } });
    await world.settle();
    assert.deepEqual(fieldAt(await world.kube.get(MAP), "data"), { setting: "2" });
    assert.equal((await drifted()).status, "False", "repaired");
    const found = await records();
    assert.deepEqual(
      found.map(({ action }) => action),
      ["Reported", "Repaired"],
    );
  });

  it("that was left is taken back by a plan that says so, whatever its step; what comes after it is left again", async () => {
    await ready({ drift: { default: "Report" } });
    await patch(MAP, { data: { setting: "mine" } });
    await world.settle();
    await world.start({ operatorImage: "operator:2" });
    await world.settle();
    assert.deepEqual(fieldAt(await world.kube.get(MAP), "data"), { setting: "1" });
    assert.equal((await drifted()).status, "False");
    await patch(MAP, { data: { setting: "again" } });
    await world.settle();
    assert.deepEqual(fieldAt(await world.kube.get(MAP), "data"), { setting: "again" });
    assert.equal((await drifted()).status, "True");
  });

  it("of a deleted object that is only reported, the object stays away, and others are still pruned", async () => {
    await ready({ drift: { kinds: [{ kind: "ConfigMap", action: "Report" }] } });
    await world.asOthers(() => world.kube.delete(MAP));
    await world.settle();
    assert.equal(await world.kube.get(MAP), undefined);
    assert.equal((await drifted()).message, "ConfigMap/laptop/store was deleted; it is left so, as spec.drift says");
    await world.start({ workloads: workloads().filter(({ name }) => name !== "api") });
    await world.settle();
    assert.equal(await world.kube.get(API), undefined, "pruned");
    assert.equal(await world.kube.get(MAP), undefined);
  });

  it("of a Secret is repaired whatever the default, and no value is told", async () => {
    await ready({ drift: { default: "Report" } });
    const secret = { ...MAP, kind: "Secret", name: "api-conf" };
    const password = String(fieldAt(await world.kube.get(secret), "data", "password"));
    const mine = Buffer.from("swordfish1").toString("base64");
    await patch(secret, { data: { password: mine } });
    await world.settle();
    await told();
    assert.equal(fieldAt(await world.kube.get(secret), "data", "password"), password);
    const shown = JSON.stringify([await notes("DriftRepaired"), await drifted(), await records()]);
    assert.match(shown, /data\.password \(secret [0-9a-f]{16}\) → \(secret [0-9a-f]{16}\)/);
    for (const value of [password, mine].flatMap((one) => [one, Buffer.from(one, "base64").toString("utf8")]))
      assert.ok(!shown.includes(value));
  });

  it("that comes back is repaired five times, then at intervals; another one of the same object at once", async () => {
    await ready();
    const scale = async (replicas: number): Promise<void> => {
      await patch(API, { spec: { replicas } }, "autoscaler");
      await world.pass();
    };
    const replicas = async (): Promise<unknown> => fieldAt(await world.kube.get(API), "spec", "replicas");
    for (let times = 0; times < 5; times += 1) {
      await scale(7);
      assert.equal(await replicas(), 2, `repair ${times}`);
    }
    world.calls.length = 0;
    for (let times = 0; times < 5; times += 1) {
      await scale(7);
      assert.equal(await replicas(), 7, "it waits");
    }
    assert.deepEqual(
      world.calls.filter((call) => call.includes("Deployment")),
      [],
    );
    await told();
    const { status, reason, message } = await drifted();
    assert.deepEqual([status, reason], ["True", "Fought"]);
    assert.match(message, /spec\.replicas 2 → 7, by autoscaler; it comes back as often as it is repaired/);
    assert.equal((await notes("DriftFought")).length, 1);
    await patch(API, { spec: { template: { spec: { containers: [{ name: "main", image: "y" }] } } } });
    await world.pass();
    assert.equal(await replicas(), 2, "something else is not held up by it");
    const found = await records();
    assert.deepEqual(
      found.map(({ manager, count, fight }) => [manager, count, fight]),
      [
        ["autoscaler", 5, true],
        ["kubectl-edit", undefined, undefined],
      ],
    );
  });

  it("is written rarely, however often it comes, and is no ground of a plan", async () => {
    await ready();
    world.calls.length = 0;
    for (let times = 0; times < 30; times += 1) {
      await world.asOthers(() => world.kube.delete(API));
      await world.pass();
      assert.notEqual(await world.kube.get(API), undefined, "deletions are repaired at once");
    }
    await sleep(300);
    const writes = world.calls.filter((call) => call.endsWith(`/${DRIFT_NAME}`));
    assert.equal(writes.length, 1);
    const snapshot = await readSnapshot(world.kube, { name: "laptop", namespace: "laptop" });
    assert.equal(snapshot.objects.get(keyOf(RECORDS)), undefined);
    assert.ok(!snapshot.inventory.some(({ name }) => name === DRIFT_NAME));
    const found = await records();
    assert.deepEqual(
      found.map(({ deleted, count }) => [deleted, count]),
      [[true, 30]],
    );
    const [owner] = fieldAt(await world.kube.get(RECORDS), "metadata", "ownerReferences") as { uid: string }[];
    assert.equal(owner?.uid, (await world.cloud())?.metadata.uid, "it goes with the Cloud");
  });
});

describe("changes that come back", () => {
  it("wait twice as long each time, up to five minutes, and are forgotten after ten of quiet", () => {
    const fights = new Fights();
    let now = 0;
    for (let times = 0; times < 5; times += 1) {
      assert.equal(fights.wait("a", now), 0);
      fights.repaired("a", now, false);
    }
    const waits: number[] = [];
    for (let times = 0; times < 7; times += 1) {
      assert.ok(fights.fought("a", now));
      const wait = fights.wait("a", now);
      waits.push(wait / 1000);
      assert.equal(fights.wait("a", now + wait - 1), 1);
      now += wait;
      fights.repaired("a", now, false);
    }
    assert.deepEqual(waits, [10, 20, 40, 80, 160, 300, 300]);
    assert.equal(fights.wait("b", now), 0, "another one is not held up");
    assert.equal(fights.quietIn("a", now), 600_000);
    now += 600_000;
    assert.ok(!fights.fought("a", now));
    assert.equal(fights.wait("a", now), 0);
  });
});
