// Changes that nobody planned, made with kubectl: put back in time and told with their maker, or left where the Cloud says so.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { DRIFT_KEY, DRIFT_NAME, type DriftRecord, readDrift } from "../../src/plan/drift.ts";
import { attempts } from "../harness/attempts.ts";
import { skip, underpin } from "./machine.ts";

const here = skip === false && process.env["UNDERPIN_STATE"] === undefined ? "there is no cloud of the tests" : skip;
const NAME = "deployment/client";
const OBJECT = "Deployment/laptop/client";
/** Seconds from the end of a `kubectl` that changes something until it is put back; each look at it takes some 0.2. */
const LIMIT_SECONDS = 5;

async function kubectl(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { code, stdout, stderr } = await underpin(["kubectl", "-n", "laptop", ...args], { env });
  assert.equal(code, 0, `kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

async function until(what: string, seconds: number, done: () => Promise<boolean>): Promise<number> {
  const start = performance.now();
  for (;;) {
    if (await done()) return (performance.now() - start) / 1000;
    assert.ok(performance.now() - start < seconds * 1000, `waited ${seconds} s for ${what}`);
    await delay(50);
  }
}

/** One repetition, no more: the limit is in seconds of the clock, and a machine that stands still for some misses it. */
const inTime = (scene: () => Promise<number>): Promise<number> => attempts(scene, 2);

const field = (name: string, path: string): Promise<string> => kubectl(["get", name, "-o", `jsonpath=${path}`]);
const replicas = (): Promise<string> => field(NAME, "{.spec.replicas}");
const drifted = (): Promise<string> =>
  field("cloud/laptop", '{range .status.conditions[?(@.type=="Drifted")]}{.status} {.reason} {.message}{end}');

/** What is recorded of the object since, in the words of the test. */
async function recorded(since: Date): Promise<readonly DriftRecord[]> {
  const { code, stdout } = await underpin(["kubectl", "-n", "laptop", "get", "configmap", DRIFT_NAME, "-o", "json"]);
  if (code !== 0) return [];
  const { data } = JSON.parse(stdout) as { data: Readonly<Record<string, string>> };
  // The nodes' clock is this one; what is merged counts from its last time.
  return readDrift(data[DRIFT_KEY] ?? "").filter(
    ({ object, time, last = time }) => object === OBJECT && Date.parse(last) >= since.getTime() - 1000,
  );
}

async function record(since: Date, fits: (record: DriftRecord) => boolean): Promise<DriftRecord> {
  let found: DriftRecord | undefined;
  // Where only a count goes up, it is written once a minute.
  await until("the record", 90, async () => {
    found = (await recorded(since)).find(fits);
    return found !== undefined;
  });
  return found ?? assert.fail("there is no record");
}

async function events(reason: string): Promise<readonly string[]> {
  const text = await kubectl(["get", "events", "--field-selector", `reason=${reason}`, "-o", "json"]);
  const { items } = JSON.parse(text) as {
    items: readonly { readonly message: string; readonly involvedObject: { readonly kind: string } }[];
  };
  return items.filter(({ involvedObject }) => involvedObject.kind === "Cloud").map(({ message }) => message);
}

const policy = (drift: object | null): Promise<string> =>
  kubectl(["patch", "cloud", "laptop", "--type=merge", "-p", JSON.stringify({ spec: { drift } })]);

describe("a change that nobody planned", { skip: here, timeout: 900_000 }, () => {
  after(async () => {
    if (here === false) await policy(null);
  });

  for (const [how, args, env, manager] of [
    ["scaled", ["scale", NAME, "--replicas=2"], {}, "kubectl"],
    ["edited", ["edit", NAME], { KUBE_EDITOR: "sed -i 's/  replicas: 1$/  replicas: 2/'" }, "kubectl-edit"],
    ["patched", ["patch", NAME, "-p", '{"spec":{"replicas":2}}'], {}, "kubectl-patch"],
  ] as const) {
    test(`an object that is ${how} is put back, and its record names ${manager}`, async () => {
      let since = new Date();
      const seconds = await inTime(async () => {
        await until("the replicas of before", 60, async () => (await replicas()) === "1");
        since = new Date();
        await kubectl(args, env);
        return until("the replicas", LIMIT_SECONDS, async () => (await replicas()) === "1");
      });
      const { action, fields, deleted } = await record(since, (one) => one.manager === manager);
      assert.deepEqual([action, deleted], ["Repaired", undefined]);
      assert.deepEqual(fields, [{ path: "spec.replicas", was: "1", is: "2" }]);
      const note = `${OBJECT}: spec.replicas 1 → 2, by ${manager}; it was put back`;
      await until("the Event", 30, async () => (await events("DriftRepaired")).includes(note));
      console.log(`# put back after ${seconds.toFixed(2)} s`);
    });
  }

  test("an object that is deleted comes back, and its record says so", async () => {
    let since = new Date();
    const look = ["kubectl", "-n", "laptop", "get", NAME, "--ignore-not-found", "-o", "jsonpath={.metadata.uid}"];
    const there = async (): Promise<string> => (await underpin(look)).stdout;
    const seconds = await inTime(async () => {
      await until("the Deployment of before", 60, async () => (await there()) !== "");
      since = new Date();
      const uid = await field(NAME, "{.metadata.uid}");
      await kubectl(["delete", NAME, "--wait=false"]);
      return until("the Deployment", LIMIT_SECONDS, async () => !["", uid].includes(await there()));
    });
    const { manager, action } = await record(since, ({ deleted }) => deleted === true);
    assert.deepEqual([manager, action], ["unknown", "Repaired"]);
    console.log(`# back after ${seconds.toFixed(2)} s`);
  });

  test("with Report it is left and told, and with Repair put back; no Plan is made of that", async () => {
    const plans = (): Promise<string> => kubectl(["get", "plans", "-o", "name"]);
    const before = await plans();
    const since = new Date();
    await policy({ kinds: [{ kind: "Deployment", action: "Report" }] });
    // The operator has seen the policy when it says so of this generation.
    const generation = await field("cloud/laptop", "{.metadata.generation}");
    await until(
      "the operator",
      30,
      async () => (await field("cloud/laptop", "{.status.observedGeneration}")) === generation,
    );
    await kubectl(["scale", NAME, "--replicas=2"]);
    await until("the condition", 30, async () => (await drifted()).startsWith("True Reported "));
    assert.match(await drifted(), /Deployment\/laptop\/client: spec\.replicas 1 → 2, by kubectl; it is left so/);
    const { stdout } = await underpin(["status"]);
    assert.match(stdout, /drifted: Deployment\/laptop\/client/);
    await delay(5000);
    assert.equal(await replicas(), "2", "it is left");
    assert.equal((await record(since, ({ action }) => action === "Reported")).manager, "kubectl");
    await until("the Event", 30, async () => (await events("DriftReported")).some((note) => note.startsWith(OBJECT)));
    await policy({ kinds: [{ kind: "Deployment", action: "Repair" }] });
    // How soon is no matter here.
    await until("the replicas", 60, async () => (await replicas()) === "1");
    await until("the condition", 30, async () => (await drifted()).startsWith("False AsPlanned"));
    assert.equal(await plans(), before);
  });

  test("a Secret cannot be left, and an unknown kind is refused with those that there are", async () => {
    for (const [kind, message] of [
      ["Secret", /always repaired/],
      ["Pod", /"StatefulSet"|StatefulSet/],
    ] as const) {
      const value = JSON.stringify({ spec: { drift: { kinds: [{ kind, action: "Report" }] } } });
      const { code, stderr } = await underpin([
        "kubectl",
        "-n",
        "laptop",
        "patch",
        "cloud",
        "laptop",
        "--type=merge",
        "-p",
        value,
      ]);
      assert.notEqual(code, 0);
      assert.match(stderr, message);
    }
  });

  test("history tells it", async () => {
    const { code, stdout, stderr } = await underpin(["history"]);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Deployment\/laptop\/client/);
  });
});
