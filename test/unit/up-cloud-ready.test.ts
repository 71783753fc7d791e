import assert from "node:assert/strict";
import { test } from "node:test";
import { cloudRef, readCloud } from "../../src/api/cloud.ts";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import { PausedError, PlanRefusedError, untilCloudReady } from "../../src/up/cloud-ready.ts";
import { WaitError } from "../../src/up/watch-until.ts";
import { LAPTOP } from "./build-input.ts";
import { PENDING } from "./stored-plans.ts";

async function made() {
  const client = new FakeKube();
  await client.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "laptop" } });
  for (const crd of customResourceDefinitions()) await client.create(crd);
  const object = await client.create(LAPTOP);
  const told: string[] = [];
  const wait = (timeoutSeconds: number) =>
    untilCloudReady(client, {
      cloud: readCloud(object),
      report: ({ message }) => told.push(message),
      signal: new AbortController().signal,
      timeoutSeconds,
    });
  const say = (condition: string, generation: number) => {
    const conditions = [{ type: condition, status: "True", reason: condition, message: "", lastTransitionTime: "now" }];
    const services = [{ name: "keystone", ready: true }];
    const value = { status: { observedGeneration: generation, conditions, services } };
    return client.patch(cloudRef(LAPTOP.metadata), { type: "merge", value }, { subresource: "status" });
  };
  /** As the operator tells of a change that is not in effect, with the Plan that it names. */
  const tell = async (
    condition: { type: string; reason: string; ready: boolean },
    phase: string,
    current = "2025.1",
  ) => {
    const { name } = PENDING.metadata;
    const plan = { apiVersion: PENDING.apiVersion, kind: PENDING.kind, namespace: "laptop", name };
    if ((await client.get(plan)) === undefined)
      await client.create({ ...PENDING, metadata: { name, namespace: "laptop" }, status: undefined });
    const told = { ...PENDING.status, phase, message: "it was said so" };
    await client.patch(plan, { type: "merge", value: { status: told } }, { subresource: "status" });
    const common = { message: `Plan ${name}: it waits`, lastTransitionTime: "now", reason: condition.reason };
    const conditions = [
      { ...common, type: "Ready", status: condition.ready ? "True" : "False" },
      { ...common, type: condition.type, status: "True" },
    ];
    const release = current === "" ? {} : { release: { current } };
    const status = { observedGeneration: object.metadata.generation, conditions, planRef: { name }, ...release };
    await client.patch(cloudRef(LAPTOP.metadata), { type: "merge", value: { status } }, { subresource: "status" });
  };
  return { wait, say, tell, told, generation: object.metadata.generation ?? 0 };
}

test("ends when the Cloud is Ready for what was written, and tells of each workload", async () => {
  const { wait, say, told, generation } = await made();
  await say("Ready", generation - 1);
  await assert.rejects(
    wait(0.1),
    (error) =>
      error instanceof WaitError &&
      error.message.endsWith("last seen: the operator has not looked at this change yet") &&
      /underpin status/.test(error.next),
  );
  const waiting = wait(10);
  await say("Ready", generation);
  await waiting;
  assert.ok(told.includes("keystone is ready"));
});

test("a step that fails is told once while it is waited for, and when time is up how the Cloud stands", async () => {
  const { wait, tell, told } = await made();
  const waiting = wait(0.5);
  await tell({ type: "Stalled", reason: "StepFailed", ready: false }, "Failed");
  await tell({ type: "Stalled", reason: "StepFailed", ready: false }, "Failed");
  await assert.rejects(
    waiting,
    (error) =>
      error instanceof WaitError &&
      new RegExp(`last seen: Plan ${PENDING.metadata.name}: it waits$`).test(error.message),
  );
  assert.equal(told.filter((message) => message.includes("It is tried again")).length, 1, told.join("\n"));
});

test("does not wait for a Cloud that is paused: says so, and how to go on", async () => {
  const { wait, say, generation } = await made();
  await say("Paused", generation);
  await assert.rejects(
    wait(10),
    (error) =>
      error instanceof PausedError &&
      /laptop\/laptop is paused/.test(error.message) &&
      /paused to false/.test(error.next),
  );
});

test("a Plan that waits ends the wait, whether a cloud is there already or not", async () => {
  for (const current of ["2025.1", ""]) {
    const { wait, tell } = await made();
    await tell({ type: "Reconciling", reason: "AwaitingApproval", ready: current !== "" }, "Pending", current);
    assert.deepEqual(await wait(10), {
      type: "waits",
      plan: PENDING.metadata.name,
      phase: "Pending",
      message: `Plan ${PENDING.metadata.name}: it waits`,
      installed: current !== "",
    });
  }
});

test("a Plan that somebody pauses while it is waited for ends the wait; one that runs does not", async () => {
  const { wait, tell } = await made();
  const changing = { type: "Reconciling", reason: "Changing", ready: false };
  await tell(changing, "Running");
  await assert.rejects(wait(0.1), WaitError);
  const waiting = wait(10);
  await tell(changing, "Paused");
  const outcome = await waiting;
  assert.ok(outcome.type === "waits" && outcome.phase === "Paused");
});

test("a Plan that was pending a moment ago and is approved since is waited for", async () => {
  const { wait, tell } = await made();
  await tell({ type: "Reconciling", reason: "Changing", ready: false }, "Pending");
  await assert.rejects(wait(0.1), WaitError);
});

test("a Plan that the API server would refuse is an error with its reason", async () => {
  const { wait, tell } = await made();
  await tell({ type: "Stalled", reason: "PlanRefused", ready: true }, "Pending");
  await assert.rejects(wait(10), (error) => error instanceof PlanRefusedError && /underpin plan /.test(error.next));
});
