// The webhook in a cluster: asked by its Service, away with the operator, and back with it.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { type Outcome, skip, underpin } from "./machine.ts";

const here = skip === false && process.env["UNDERPIN_STATE"] === undefined ? "there is no cloud of the tests" : skip;
const CLOUD = ["-n", "laptop", "patch", "cloud", "laptop", "--type=merge"];
const OPERATOR = ["-n", "underpin-system", "scale", "deployment/underpin-operator"];
/** A pod starts, leads, is reached by its Service and asked again. */
const BACK_SECONDS = 90;

const kubectl = (...args: string[]): Promise<Outcome> => underpin(["kubectl", ...args]);

/** Without writing: an accepted option would roll processes. */
function set(options: object): Promise<Outcome> {
  const patch = { spec: { services: { nova: { options } } } };
  return kubectl(...CLOUD, "--dry-run=server", "-p", JSON.stringify(patch));
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + BACK_SECONDS * 1000; Date.now() < end; await delay(500)) if (await holds()) return;
  assert.fail(`${what}: not within ${BACK_SECONDS} s`);
}

async function admission(): Promise<string> {
  const path = `jsonpath={.status.conditions[?(@.type=="Admission")].status}`;
  return (await kubectl("-n", "laptop", "get", "cloud", "laptop", "-o", path)).stdout;
}

describe("admission", { skip: here, timeout: 400_000 }, () => {
  after(() => kubectl(...OPERATOR, "--replicas=1"));

  test("the webhook is there, and the Cloud says so", async () => {
    await until("the condition Admission is True", async () => (await admission()) === "True");
  });

  test("a wrong option is refused with all that is wrong", async () => {
    const { code, stderr } = await set({ DEFAULT: { debug: "maybe", cpu_alocation_ratio: 4 } });
    assert.notEqual(code, 0);
    assert.match(stderr, /services\.nova\.options\.DEFAULT\.debug: .*\[value\]/);
    assert.match(stderr, /Did you mean cpu_allocation_ratio\?.*\[unknown\]/s);
  });

  test("a doubtful one is taken with a warning", async () => {
    const { code, stderr } = await set({ DEFAULT: { max_concurrent_builds: 10 } });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /Warning: .*max_concurrent_builds.*\[equals-default\]/);
  });

  test("without the operator options cannot be changed, everything else can, and status tells", async () => {
    await kubectl(...OPERATOR, "--replicas=0");
    await until("the webhook is away", async () =>
      /failed calling webhook/.test((await set({ DEFAULT: { debug: true } })).stderr),
    );
    const label = await kubectl("-n", "laptop", "label", "cloud", "laptop", "underpin.test/label=one", "--overwrite");
    assert.equal(label.code, 0, label.stderr);
    const pause = await kubectl(...CLOUD, "--dry-run=server", "-p", '{"spec":{"change":{"paused":true}}}');
    assert.equal(pause.code, 0, pause.stderr);
    const status = await underpin(["status"]);
    assert.equal(status.code, 1);
    assert.match(status.stdout, /operator.*changes of a Cloud's options are refused/s);
  });

  test("with the operator they can again", async () => {
    await kubectl(...OPERATOR, "--replicas=1");
    await until("options are judged", async () => (await set({ DEFAULT: { debug: true } })).code === 0);
    assert.match((await set({ DEFAULT: { debug: "maybe" } })).stderr, /\[value\]/);
    await until("status is content", async () => (await underpin(["status"])).code === 0);
    await kubectl("-n", "laptop", "label", "cloud", "laptop", "underpin.test/label-");
  });
});
