import assert from "node:assert/strict";
import { test } from "node:test";
import { cloudRef, readCloud } from "../../src/api/cloud.ts";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import { PausedError, untilCloudReady } from "../../src/up/cloud-ready.ts";
import { WaitError } from "../../src/up/watch-until.ts";
import { LAPTOP } from "./build-input.ts";

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
  return { wait, say, told, generation: object.metadata.generation ?? 0 };
}

test("ends when the Cloud is Ready for what was written, and tells of each workload", async () => {
  const { wait, say, told, generation } = await made();
  await say("Ready", generation - 1);
  await assert.rejects(wait(0.1), (error) => error instanceof WaitError && /underpin status/.test(error.next));
  const waiting = wait(10);
  await say("Ready", generation);
  await waiting;
  assert.ok(told.includes("keystone is ready"));
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
