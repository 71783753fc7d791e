import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { fieldAt } from "../../src/kube/types.ts";
import { LAPTOP } from "./build-input.ts";
import { CLOUD, OBJECTS, World, workloads } from "./operator-harness.ts";

const DATA = OBJECTS.filter((key) => /^(Secret|PersistentVolumeClaim)\//.test(key));

const MAP = { apiVersion: "v1", kind: "ConfigMap", namespace: "laptop" };

describe("the operator makes a Cloud", { timeout: 120_000 }, () => {
  let world = new World();
  afterEach(() => world.stop());

  async function ready(spec: object = {}): Promise<World> {
    world = new World();
    await world.ready(spec);
    return world;
  }

  it("from nothing to Ready, each step after those that it needs, each object written once", async () => {
    world = new World();
    await world.found();
    await world.start();
    await world.pass();
    assert.equal(fieldAt(await world.cloud(), "status", "phase"), "Installing");
    assert.ok(!(await world.objects()).includes("Job/laptop/api-db"), "the Job waits for the database");
    await world.settle();
    const status = fieldAt(await world.cloud(), "status");
    assert.equal(fieldAt(status, "phase"), "Ready");
    assert.equal(fieldAt(status, "ready"), "3/3");
    assert.deepEqual(await world.objects(), OBJECTS);
    assert.deepEqual(
      world.written().filter((write) => !write.startsWith("create") && !write.includes("Hypervisor")),
      [],
    );
    const order = world.written();
    const at = (key: string) => order.indexOf(`create ${key}`);
    assert.ok(at("StatefulSet/laptop/store") < at("Job/laptop/api-db"));
    assert.ok(at("Job/laptop/api-db") < at("Deployment/laptop/api"));
  });

  it("a pass over a Ready Cloud asks the API server to write nothing, in this process and in the next", async () => {
    await ready();
    world.calls.length = 0;
    await world.pass();
    assert.deepEqual(world.calls, []);
    await world.start({ images: { unused: "underpin.local/unused:new" } });
    await world.pass();
    await world.pass();
    // Its plan was empty: the operator's book says once that the cloud is what this one makes of it.
    assert.deepEqual(world.calls, ["apply ConfigMap/laptop/underpin-state"]);
  });

  it("killed after any of its writes, the next process goes on and writes no object twice", async () => {
    await ready();
    const total = world.calls.length;
    await world.stop();
    for (let lives = 1; lives < total; lives += 1) {
      world = new World();
      await world.found();
      await world.start();
      world.lives = lives;
      await world.settle().catch(() => undefined); // killed: passes fail from then on
      await world.start();
      await world.settle();
      assert.equal(fieldAt(await world.cloud(), "status", "phase"), "Ready", `killed after ${lives} writes`);
      const made = world.written().filter((write) => !write.includes("Hypervisor"));
      assert.deepEqual(
        made.toSorted(),
        OBJECTS.filter((key) => !key.startsWith("Hypervisor")).map((key) => `create ${key}`),
        `killed after ${lives} writes`,
      );
      await world.stop();
    }
  });

  it("restores what was deleted and puts back what was edited, and nothing else", async () => {
    await ready();
    world.kube.writes.length = 0;
    const deleted = [
      { apiVersion: "apps/v1", kind: "Deployment", namespace: "laptop", name: "api" },
      { apiVersion: "v1", kind: "Secret", namespace: "laptop", name: "store-root" },
      { apiVersion: "underpin.dev/v1alpha1", kind: "Hypervisor", namespace: "laptop", name: "n1" },
    ];
    const password = fieldAt(await world.kube.get(deleted[1] ?? CLOUD), "data", "password");
    const edited = { apiVersion: "v1", kind: "ConfigMap", namespace: "laptop", name: "store" };
    await world.asOthers(async () => {
      for (const ref of deleted) await world.kube.delete(ref);
      await world.kube.patch(edited, { type: "merge", value: { data: { setting: "mine", more: "1" } } });
    });
    await world.settle();
    assert.deepEqual(await world.objects(), OBJECTS);
    assert.deepEqual(fieldAt(await world.kube.get(edited), "data"), { setting: "1" });
    assert.equal(fieldAt(await world.kube.get(deleted[1] ?? CLOUD), "data", "password"), password);
    const touched = new Set(world.written().map((write) => write.replace(/^\w+ /, "")));
    const expected = ["Deployment/laptop/api", "Secret/laptop/store-root", "Hypervisor/laptop/n1"];
    assert.deepEqual([...touched].toSorted(), [...expected, "ConfigMap/laptop/store"].toSorted());
    assert.equal(fieldAt(await world.cloud(), "status", "phase"), "Ready");
  });

  it("is Degraded while a workload does not work", async () => {
    await ready();
    const ref = { apiVersion: "apps/v1", kind: "Deployment", namespace: "laptop", name: "api" };
    const value = { status: { availableReplicas: 1 } };
    await world.asOthers(() => world.kube.patch(ref, { type: "merge", value }, { subresource: "status" }));
    await world.pass();
    assert.equal(fieldAt(await world.cloud(), "status", "phase"), "Degraded");
    assert.equal(fieldAt(await world.cloud(), "status", "ready"), "2/3");
  });

  it("prunes what a newer version of it no longer wants, and forgets its endpoint", async () => {
    await ready();
    await world.start({ workloads: workloads("2").filter(({ name }) => name !== "api") });
    await world.settle();
    const gone = /\/api/;
    assert.deepEqual(
      await world.objects(),
      OBJECTS.filter((key) => !gone.test(key)),
    );
    assert.deepEqual(Object.keys(fieldAt(await world.cloud(), "status", "endpoints") as object), ["agents"]);
    world.calls.length = 0;
    await world.pass();
    assert.deepEqual(world.calls, []);
  });

  it("restores its own books, and still prunes what only the deleted list knew", async () => {
    await ready();
    const books = ["underpin-state", "underpin-inventory"].map((name) => ({ ...MAP, name }));
    // When a plan was carried out, and what its steps took, is another thing each time.
    const content = async (): Promise<unknown[]> =>
      Promise.all(
        books.map(async (ref) => {
          const data = fieldAt(await world.kube.get(ref), "data") as Record<string, string>;
          const { records: _records, unproven: _unproven, effect: _effect, ...rest } = data;
          return rest;
        }),
      );
    const before = await content();
    await world.asOthers(() => Promise.all(books.map((ref) => world.kube.delete(ref))));
    world.kube.writes.length = 0;
    await world.settle();
    assert.deepEqual(await content(), before);
    assert.deepEqual(world.written(), []);
    await world.start({ workloads: workloads().filter(({ name }) => name !== "api") });
    await world.settle();
    assert.ok(!(await world.objects()).includes("Deployment/laptop/api"));
  });

  it("goes on with a state that cannot be read", async () => {
    await ready();
    const ref = { ...MAP, name: "underpin-state" };
    await world.asOthers(() => world.kube.patch(ref, { type: "merge", value: { data: { done: "{" } } }));
    world.kube.writes.length = 0;
    await world.settle();
    assert.deepEqual(world.written(), []);
    assert.equal(fieldAt(await world.cloud(), "status", "phase"), "Ready");
  });

  for (const [deletionPolicy, left] of [
    ["Retain", DATA],
    ["Delete", []],
  ] as const) {
    it(`deletion with ${deletionPolicy} cleans the nodes and leaves ${left.length} objects`, async () => {
      await ready({ deletionPolicy });
      world.kube.writes.length = 0;
      await world.asOthers(() => world.kube.delete(CLOUD));
      await world.settle();
      assert.equal(await world.cloud(), undefined);
      assert.deepEqual(await world.objects(), left);
      const cleaned = world.kube.writes.indexOf("create Job/laptop-nodes/clean-n1");
      assert.ok(cleaned > world.kube.writes.indexOf("delete DaemonSet/laptop-nodes/nova-compute-std"));
    });
  }

  it("a Cloud made again after a deletion with Retain opens its data with the same password", async () => {
    await ready({ deletionPolicy: "Retain" });
    const secret = { apiVersion: "v1", kind: "Secret", namespace: "laptop", name: "store-root" };
    const password = fieldAt(await world.kube.get(secret), "data", "password");
    await world.asOthers(() => world.kube.delete(CLOUD));
    await world.settle();
    await world.asOthers(() => world.kube.create(LAPTOP));
    await world.settle();
    assert.equal(fieldAt(await world.cloud(), "status", "phase"), "Ready");
    assert.equal(fieldAt(await world.kube.get(secret), "data", "password"), password);
    assert.deepEqual(await world.objects(), OBJECTS);
  });

  it("deletion ends at whatever write it is killed, and makes nothing anew", async () => {
    await ready({ deletionPolicy: "Delete" });
    world.calls.length = 0;
    await world.asOthers(() => world.kube.delete(CLOUD));
    await world.settle();
    const total = world.calls.length;
    await world.stop();
    for (let lives = 1; lives < total; lives += 1) {
      await ready({ deletionPolicy: "Delete" });
      world.kube.writes.length = 0;
      await world.asOthers(() => world.kube.delete(CLOUD));
      world.lives = lives;
      await world.settle().catch(() => undefined);
      await world.start();
      await world.settle();
      assert.equal(await world.cloud(), undefined, `killed after ${lives} writes`);
      assert.deepEqual(await world.objects(), [], `killed after ${lives} writes`);
      assert.deepEqual(
        world.written().filter((write) => write.startsWith("create Secret")),
        [],
      );
      await world.stop();
    }
  });

  it("a Cloud that lost its nodes or its credentials can be deleted", async () => {
    await ready({ deletionPolicy: "Delete" });
    await world.asOthers(async () => {
      await world.kube.delete({ apiVersion: "v1", kind: "Node", name: "n1" });
      for (const name of ["store-root", "underpin-vault"])
        await world.kube.delete({ apiVersion: "v1", kind: "Secret", namespace: "laptop", name });
      await world.kube.delete(CLOUD);
    });
    await world.settle();
    assert.equal(await world.cloud(), undefined);
    assert.deepEqual(await world.objects(), []);
  });
});
