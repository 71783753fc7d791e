import assert from "node:assert/strict";
import { afterEach, describe, it, mock } from "node:test";
import { fieldAt } from "../../src/kube/types.ts";
import type { Session } from "../../src/openstack/session.ts";
import { askNova, hypervisorStatus, type NovaAnswer, NovaMonitor } from "../../src/operator/hypervisors.ts";
import { hypervisorManifests } from "../../src/desired/hypervisors.ts";
import { eventually } from "../contract/kube.contract.ts";
import { fixedCloud, fixedInput } from "./build-input.ts";
import { World } from "./operator-harness.ts";

const NOW = "2026-01-01T00:00:00.000Z";
const input = fixedInput([]);
const [node = assert.fail("the fixed input has a node")] = input.facts.nodes;

function agents(available: number, desired = 1) {
  const counts = { desiredNumberScheduled: desired, updatedNumberScheduled: desired, numberAvailable: available };
  const status = { observedGeneration: 1, ...counts };
  return { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "nova-compute-std", generation: 1 }, status };
}

function statusOf(set: ReturnType<typeof agents> | undefined, word?: "up" | "down", guests = 0) {
  const nova: NovaAnswer = word === undefined ? undefined : new Map([["n1", { state: word, guests }]]);
  return hypervisorStatus(input, node, { agents: set, nova, generation: 1, before: undefined, now: NOW });
}

describe("the status of a hypervisor", () => {
  it("follows nova and the pods of its pool", () => {
    assert.equal(statusOf(undefined).state, "Unknown");
    assert.equal(statusOf(agents(0), "up").state, "Down", "no pod is ready, nova has not noticed yet");
    assert.equal(statusOf(agents(1), "down").state, "Down");
    assert.equal(statusOf(agents(1), "up").state, "Up");
    assert.equal(statusOf(agents(1)).state, "Up", "nova does not answer, its agent is ready");
    assert.equal(statusOf(agents(1, 2)).state, "Unknown", "one of two pods, and nobody says which");
  });

  it("has the guests only while nova tells them, and says how guests are run", () => {
    assert.equal(statusOf(agents(1), "up", 3).guests, 3);
    assert.ok(!("guests" in statusOf(agents(1))));
    assert.equal(statusOf(agents(1)).virtualization, "QEMU");
    const kvm = { ...input, cloud: fixedCloud({ compute: { pools: [{ name: "std", virtualization: "KVM" }] } }) };
    const look = { agents: agents(1), nova: undefined, generation: 1, before: undefined, now: NOW };
    assert.equal(hypervisorStatus(kvm, node, look).virtualization, "KVM");
  });

  it("keeps the time of a condition that did not change", () => {
    const before = statusOf(agents(1), "up");
    const look = { agents: agents(1), nova: undefined, generation: 1, before, now: "2026-02-02T00:00:00.000Z" };
    assert.equal(hypervisorStatus(input, node, look).conditions?.[0]?.lastTransitionTime, NOW);
    const down = { ...look, agents: agents(0) };
    assert.equal(hypervisorStatus(input, node, down).conditions?.[0]?.lastTransitionTime, look.now);
  });

  it("is not there without nova", () => {
    assert.equal(hypervisorManifests(input).length, 1);
    const cloud = fixedCloud({ services: { nova: { enabled: false } } });
    assert.equal(hypervisorManifests({ ...input, cloud }).length, 0);
  });
});

describe("asking nova", () => {
  it("counts the guests of each host in one request", async () => {
    const calls: unknown[] = [];
    const found = [
      { hypervisor_hostname: "n1", state: "up", servers: [{ uuid: "1", name: "a" }] },
      { hypervisor_hostname: "n2", state: "down" },
    ];
    const json = (call: unknown): Promise<unknown> => {
      calls.push(call);
      return Promise.resolve({ hypervisors: found });
    };
    const answer = await askNova({ json } as unknown as Session);
    assert.deepEqual(answer?.get("n1"), { state: "up", guests: 1 });
    assert.deepEqual(answer?.get("n2"), { state: "down", guests: 0 });
    assert.equal(calls.length, 1);
    assert.deepEqual(fieldAt(calls[0], "query"), { with_servers: true });
  });

  it("asks at once and then each minute, tells only changes, and outlives a nova that does not answer", async () => {
    mock.timers.enable({ apis: ["setInterval"] });
    const answers: (NovaAnswer | Error)[] = [one(1), one(1), one(2), new Error("503"), one(2)];
    let asked = 0;
    let told = 0;
    const ask = (): Promise<NovaAnswer> => {
      const answer = answers[asked++];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    };
    const monitor = new NovaMonitor(ask, () => (told += 1));
    try {
      const changes: number[] = [];
      monitor.start();
      monitor.start();
      for (const turn of [1, 2, 3, 4, 5]) {
        await eventually(`question ${turn}`, () => asked === turn);
        await new Promise(setImmediate);
        changes.push(told);
        mock.timers.tick(59_999);
        assert.equal(asked, turn, "not before a minute has passed");
        if (turn === 4) assert.equal(monitor.answer, undefined);
        if (turn < 5) mock.timers.tick(1);
      }
      assert.deepEqual(changes, [1, 1, 2, 3, 4]);
      monitor.close();
      mock.timers.tick(600_000);
      assert.equal(asked, 5);
    } finally {
      monitor.close();
      mock.timers.reset();
    }
  });
});

function one(guests: number): NovaAnswer {
  return new Map([["n1", { state: "up", guests }]]);
}

describe("the hypervisors of a Cloud", () => {
  let world = new World();
  afterEach(() => world.stop());

  const hypervisor = (name: string) =>
    world.kube.get({ apiVersion: "underpin.dev/v1alpha1", kind: "Hypervisor", namespace: "laptop", name });

  it("come and go with its nodes, and are written only when something changed", async () => {
    world = new World();
    await world.found();
    await world.start();
    await world.settle();
    assert.equal(fieldAt(await hypervisor("n1"), "status", "state"), "Up");
    assert.equal(fieldAt(await hypervisor("n1"), "status", "pool"), "std");
    await world.addNode("n2", "10.90.0.12");
    await world.settle();
    assert.equal(fieldAt(await hypervisor("n2"), "status", "node"), "n2");
    world.calls.length = 0;
    await world.pass();
    assert.deepEqual(world.calls, []);
    await world.asOthers(() => world.kube.delete({ apiVersion: "v1", kind: "Node", name: "n2" }));
    await world.settle();
    assert.equal(await hypervisor("n2"), undefined);
    assert.ok(await hypervisor("n1"));
  });

  it("are Down when their pods are, and Up again", async () => {
    world = new World();
    await world.found();
    await world.start();
    await world.settle();
    const set = { apiVersion: "apps/v1", kind: "DaemonSet", namespace: "laptop-nodes", name: "nova-compute-std" };
    const available = (numberAvailable: number) =>
      world.asOthers(() =>
        world.kube.patch(set, { type: "merge", value: { status: { numberAvailable } } }, { subresource: "status" }),
      );
    await available(0);
    await world.settle();
    assert.equal(fieldAt(await hypervisor("n1"), "status", "state"), "Down");
    assert.equal(fieldAt(await hypervisor("n1"), "status", "conditions", 0, "status"), "False");
    await available(1);
    await world.settle();
    assert.equal(fieldAt(await hypervisor("n1"), "status", "state"), "Up");
  });
});
