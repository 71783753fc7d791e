// A Cloud that is not worked on: paused by its owner, or being deleted.
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { readCloud } from "../../src/api/cloud.ts";
import { wrongClouds } from "../../src/cli/status-report.ts";
import { fieldAt, type KubeObject } from "../../src/kube/types.ts";
import { CLOUD, World, workloads } from "./operator-harness.ts";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly message: string;
}

const API = { apiVersion: "apps/v1", kind: "Deployment", namespace: "laptop", name: "api" };
const CLEAN = { apiVersion: "batch/v1", kind: "Job", namespace: "laptop-nodes", name: "clean-n1" };

describe("a Cloud that is not worked on", { timeout: 120_000 }, () => {
  let world = new World();
  afterEach(() => world.stop());

  async function ready(spec: object = {}): Promise<void> {
    world = new World();
    await world.found(spec);
    await world.start();
    await world.settle();
  }

  async function set(spec: object): Promise<void> {
    await world.asOthers(() => world.kube.patch(CLOUD, { type: "merge", value: { spec } }));
    await world.settle();
  }

  const phase = async (): Promise<unknown> => fieldAt(await world.cloud(), "status", "phase");
  async function conditions(): Promise<Record<string, Condition>> {
    const list = fieldAt(await world.cloud(), "status", "conditions") as readonly Condition[];
    return Object.fromEntries(list.map((condition) => [condition.type, condition]));
  }
  async function events(reason: string): Promise<readonly KubeObject[]> {
    const { items } = await world.kube.list({ apiVersion: "events.k8s.io/v1", kind: "Event" });
    return items.filter((event) => event["reason"] === reason);
  }

  it("is Paused, says so, stays ready while it works, and nothing of it is written", async () => {
    await ready();
    world.kube.writes.length = 0;
    await set({ change: { paused: true }, release: "2031.1" });
    assert.equal(await phase(), "Paused");
    const { Ready, Paused, Stalled, Reconciling } = await conditions();
    assert.deepEqual(
      [Ready?.status, Paused?.status, Stalled?.status, Reconciling?.status],
      ["True", "True", "False", "False"],
    );
    assert.match(Paused?.message ?? "", /spec\.change\.paused/);
    assert.equal(fieldAt(await world.cloud(), "status", "release", "current"), "2025.1", "the change was not made");
    assert.equal((await events("Paused")).length, 1);
    await world.asOthers(() => world.kube.delete(API));
    world.kube.writes.length = 0;
    await world.settle();
    assert.deepEqual(world.written(), []);
    assert.equal((await conditions())["Ready"]?.status, "False", "what is gone is seen all the same");
    assert.match((await conditions())["Ready"]?.message ?? "", /api: Deployment api: does not exist/);
    assert.equal(await phase(), "Paused");
  });

  it("goes on when it is no longer paused", async () => {
    await ready({ change: { paused: true } });
    assert.equal(await phase(), "Paused");
    assert.deepEqual(await world.objects(), []);
    assert.equal((await conditions())["Ready"]?.status, "False");
    await set({ change: { paused: false } });
    assert.equal(await phase(), "Ready");
    assert.equal((await conditions())["Paused"]?.status, "False");
    assert.equal((await events("Resumed")).length, 1);
  });

  it("a paused Cloud can be deleted", async () => {
    await ready({ change: { paused: true }, deletionPolicy: "Delete" });
    await world.asOthers(() => world.kube.delete(CLOUD));
    await world.settle();
    assert.equal(await world.cloud(), undefined);
  });

  it("that is being deleted says so, and what it waits for", async () => {
    await ready();
    world.failing.add("clean-n1");
    await world.asOthers(() => world.kube.delete(CLOUD));
    await world.pass();
    assert.equal(await phase(), "Deleting");
    const { Ready, Stalled } = await conditions();
    assert.deepEqual([Ready?.status, Ready?.reason, Stalled?.status], ["False", "Deleting", "False"]);
  });

  it("whose clean-up fails tries again some times, then tells what to do, and goes on when that is done", async () => {
    await ready({ deletionPolicy: "Delete" });
    world.failing.add("clean-n1");
    world.kube.writes.length = 0;
    await world.asOthers(() => world.kube.delete(CLOUD));
    await world.settle();
    const tries = world.kube.writes.filter((write) => write === "create Job/laptop-nodes/clean-n1").length;
    assert.equal(tries, 5);
    const { Stalled } = await conditions();
    assert.deepEqual([Stalled?.status, Stalled?.reason], ["True", "CleanupFailed"]);
    for (const part of [
      /clean-n1/,
      /5 times/,
      /it goes wrong/,
      /underpin kubectl -n laptop-nodes logs job\/clean-n1/,
      /delete job clean-n1/,
    ])
      assert.match(Stalled?.message ?? "", part);
    assert.equal(await phase(), "Deleting");
    const told = await events("CleanupFailed");
    assert.ok(told.length > 0 && told.every((event) => event["type"] === "Warning"));
    const [wrong] = wrongClouds([readCloud(await world.cloud())]);
    assert.match(wrong?.why ?? "", /clean-n1/);
    world.calls.length = 0;
    await world.pass();
    assert.deepEqual(world.calls, [], "nothing is tried any more");
    world.failing.clear();
    await world.asOthers(() => world.kube.delete(CLEAN));
    await world.settle();
    assert.equal(await world.cloud(), undefined);
    assert.deepEqual(await world.objects(), []);
  });

  it("whose clean-up fails waits before the next try, and longer each time", async () => {
    await ready({ deletionPolicy: "Delete" });
    world.failing.add("clean-n1");
    world.failedAt = new Date().toISOString();
    await world.asOthers(() => world.kube.delete(CLOUD));
    world.kube.writes.length = 0;
    await world.settle();
    assert.equal(world.kube.writes.filter((write) => write.startsWith("create Job/laptop-nodes/clean")).length, 1);
    assert.match((await conditions())["Ready"]?.message ?? "", /clean-n1.*it goes wrong.*tried again/s);
  });

  it("whose credential is lost says which, makes none anew, and goes on when it is put back", async () => {
    await ready();
    const secret = { apiVersion: "v1", kind: "Secret", namespace: "laptop", name: "store-root" };
    const before = await world.kube.get(secret);
    await world.asOthers(async () => {
      for (const name of ["store-root", "underpin-vault"]) await world.kube.delete({ ...secret, name });
    });
    await world.settle();
    assert.equal(await phase(), "Stalled");
    const { Stalled } = await conditions();
    assert.equal(Stalled?.reason, "CredentialLost");
    assert.match(Stalled?.message ?? "", /no copy is left of store-root\.password; put the Secrets back/);
    assert.equal(await world.kube.get(secret), undefined);
    const { metadata, ...rest } = before ?? assert.fail("it had a password");
    const { name, namespace, labels = {} } = metadata;
    await world.asOthers(() => world.kube.create({ ...rest, metadata: { name, namespace: namespace ?? "", labels } }));
    await world.settle();
    assert.equal(await phase(), "Ready");
    assert.deepEqual(fieldAt(await world.kube.get(secret), "data"), fieldAt(before, "data"));
  });

  it("is deleted although a workload of it is no longer known", async () => {
    await ready({ deletionPolicy: "Delete" });
    await world.start({ workloads: workloads().filter(({ name }) => name !== "api") });
    await world.asOthers(() => world.kube.delete(CLOUD));
    await world.settle();
    assert.equal(await world.cloud(), undefined);
  });
});
