import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { FakeKube } from "../../src/kube/fake.ts";
import { fieldAt, type KubeObject } from "../../src/kube/types.ts";
import { Controller, DONE } from "../../src/runtime/controller.ts";
import { EventRecorder } from "../../src/runtime/events.ts";
import { Manager } from "../../src/runtime/manager.ts";
import { eventually } from "../contract/kube.contract.ts";

const CONFIG_MAPS = { apiVersion: "v1", kind: "ConfigMap", namespace: "default" };

function configMap(name: string) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" }, data: {} };
}

/** So long that no machine stands still for the whole of it. */
const LEASE = { durationMs: 60_000, deadlineMs: 40_000, retryMs: 50 };
/** Given up soon, and nobody else may take it for much longer. */
const SHORT_DEADLINE = { durationMs: 30_000, deadlineMs: 2_000, retryMs: 50 };

/** A manager whose one controller notes the ConfigMaps that it was run for. */
function start(kube: FakeKube, identity: string, times: typeof LEASE = LEASE) {
  const lease = { namespace: "default", name: "leader", identity, ...times };
  const manager = new Manager({ client: kube, lease, health: { host: "127.0.0.1", port: 0 } });
  const seen = new Set<string>();
  const controller = new Controller({
    name: "notes",
    reconcile: async (key) => {
      seen.add(key);
      return DONE;
    },
  });
  controller.watch(manager.cache(CONFIG_MAPS), ({ object }) => [object.metadata.name]);
  manager.add(controller);
  const stop = new AbortController();
  return { manager, seen, stop, ended: manager.run(stop.signal) };
}

describe("Manager", () => {
  it("one of two works; the other follows when the first stops; both answer /readyz", async () => {
    const kube = new FakeKube();
    await kube.create(configMap("one"));
    const first = start(kube, "first");
    await eventually("the first works", () => first.seen.has("one"));
    const second = start(kube, "second");
    await eventually("the second listens", () => second.manager.port > 0);
    const answer = await fetch(`http://127.0.0.1:${second.manager.port}/readyz`);
    assert.deepEqual([answer.status, await answer.text()], [200, "ok\n"]);
    await sleep(200);
    assert.equal(second.seen.size, 0, "a follower does nothing");
    first.stop.abort();
    assert.deepEqual(await first.ended, { type: "stopped" });
    // Long before the first one's lease would have run out.
    await eventually("the second works", () => second.seen.has("one"));
    second.stop.abort();
    await second.ended;
  });

  it("not ready before its caches are complete, and says which", async () => {
    const gate = Promise.withResolvers<void>();
    const kube = new FakeKube({ before: (verb) => (verb === "list" ? gate.promise : undefined) });
    const { manager, stop, ended } = start(kube, "slow");
    await eventually("it listens", () => manager.port > 0);
    const ready = await fetch(`http://127.0.0.1:${manager.port}/readyz`);
    assert.deepEqual([ready.status, await ready.text()], [503, "cache of ConfigMap is not complete yet\n"]);
    assert.equal((await fetch(`http://127.0.0.1:${manager.port}/healthz`)).status, 200);
    gate.resolve();
    await eventually("ready", async () => (await fetch(`http://127.0.0.1:${manager.port}/readyz`)).status === 200);
    const metrics = await (await fetch(`http://127.0.0.1:${manager.port}/metrics`)).text();
    for (const name of ["underpin_operator_leader", "underpin_operator_queue_depth", "nodejs_eventloop_lag_seconds"])
      assert.ok(metrics.includes(name), name);
    stop.abort();
    await ended;
  });

  it("a lost lease ends the run and stops the work", async () => {
    const kube = new FakeKube();
    const { ended, seen } = start(kube, "loser");
    await kube.create(configMap("one"));
    await eventually("it works", () => seen.has("one"));
    const ref = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace: "default", name: "leader" };
    await kube.patch(ref, { type: "merge", value: { spec: { holderIdentity: "other" } } });
    assert.deepEqual(await ended, { type: "lost-lease", why: "held by other" });
    await kube.create(configMap("two"));
    await sleep(50);
    assert.ok(!seen.has("two"));
  });

  it("an API server that is silent costs the lead before others may take it", async () => {
    let silent = false;
    const kube = new FakeKube({ before: () => (silent ? sleep(60_000, undefined, { ref: false }) : undefined) });
    const { ended, seen } = start(kube, "cut-off", SHORT_DEADLINE);
    await kube.create(configMap("one"));
    await eventually("it works", () => seen.has("one"));
    silent = true;
    const from = performance.now();
    const reason = await ended;
    assert.equal(reason.type, "lost-lease");
    assert.ok(performance.now() - from < SHORT_DEADLINE.durationMs, "longer than the lease lasts");
  });
});

describe("EventRecorder", () => {
  it("writes an event once and counts its repetitions", async () => {
    const kube = new FakeKube();
    const regarding = await kube.create<KubeObject>(configMap("subject"));
    const recorder = new EventRecorder(kube, { controller: "underpin.dev/operator", instance: "pod-1", updateMs: 30 });
    const note = { type: "Warning", reason: "NotReady", action: "Wait", note: "the database is not ready" } as const;
    for (let count = 0; count < 5; count += 1) recorder.record(regarding, note);
    recorder.record(regarding, { ...note, note: "another" });
    await recorder.flush();
    const events = async () => (await kube.list({ apiVersion: "events.k8s.io/v1", kind: "Event" })).items;
    assert.equal((await events()).length, 2);
    await sleep(40);
    recorder.record(regarding, note);
    await recorder.flush();
    const [first] = await events();
    assert.equal(fieldAt(first, "series", "count"), 6);
    assert.equal(fieldAt(first, "regarding", "uid"), regarding.metadata.uid);
  });
});
