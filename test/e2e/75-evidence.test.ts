// What plans foretell and what really happened: the gateway stands still while one runs, the witness goes, and the third of
// three equal changes takes as long as was expected.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { PlanStatus } from "../../src/api/plan.ts";
import { attempts } from "../harness/attempts.ts";
import { skip, underpin } from "./machine.ts";
import { cloudReady } from "./ready.ts";

const here = skip === false && process.env["UNDERPIN_STATE"] === undefined ? "there is no cloud of the tests" : skip;
const UNDERPIN = fileURLToPath(new URL("../../underpin", import.meta.url));
const APIS = ["compute", "identity", "image", "network", "placement"];
type Evidence = NonNullable<PlanStatus["evidence"]>;

async function kubectl(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await underpin(["kubectl", ...args]);
  assert.equal(code, 0, `kubectl ${args.join(" ")}: ${stderr}`);
  return stdout;
}

interface PlanItem {
  readonly metadata: { readonly name: string };
  readonly status?: PlanStatus;
}

async function plans(): Promise<readonly PlanItem[]> {
  return (JSON.parse(await kubectl("-n", "laptop", "get", "plans", "-o", "json")) as { items: PlanItem[] }).items;
}

async function statusOf(plan: string): Promise<PlanStatus> {
  const { status } = JSON.parse(await kubectl("-n", "laptop", "get", `plan/${plan}`, "-o", "json")) as PlanItem;
  return status ?? {};
}

/** Options that only a new process reads: each change rolls placement and glance. */
async function apply(number: number): Promise<void> {
  const services = {
    placement: { options: { placement: { allocation_conflict_retry_count: number } } },
    glance: { options: { DEFAULT: { image_property_quota: 100 + number } } },
  };
  const cloud = {
    apiVersion: "underpin.dev/v1alpha1",
    kind: "Cloud",
    metadata: { name: "laptop", namespace: "laptop" },
    spec: { services },
  };
  const args = ["kubectl", "apply", "--server-side", "--field-manager=e2e-evidence", "-f", "-"];
  const child = spawn(UNDERPIN, args, { stdio: ["pipe", "ignore", "inherit"] });
  child.stdin.end(JSON.stringify(cloud));
  assert.equal(await new Promise((resolve) => child.on("close", resolve)), 0);
}

async function until<T>(what: string, seconds: number, look: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    assert.ok(performance.now() < end, `waited ${seconds} s for ${what}`);
    await delay(200);
  }
}

/** Makes a change and gives the name of its Plan once it runs. */
async function begin(number: number): Promise<string> {
  const known = new Set((await plans()).map(({ metadata }) => metadata.name));
  await apply(number);
  return until("the Plan to run", 120, async () => {
    const found = (await plans()).find(({ metadata }) => !known.has(metadata.name));
    return ["Running", "Succeeded"].includes(found?.status?.phase ?? "") ? found?.metadata.name : undefined;
  });
}

async function succeeded(plan: string): Promise<PlanStatus> {
  return until(`${plan} to end`, 240, async () => {
    const status = await statusOf(plan);
    assert.ok(!["Failed", "Aborted", "Superseded"].includes(status.phase ?? ""), status.message ?? plan);
    return status.phase === "Succeeded" ? status : undefined;
  });
}

/** The evidence, once the witness has been asked. */
async function evidenceOf(plan: string): Promise<Evidence> {
  await succeeded(plan);
  const evidence = await until(`the evidence of ${plan}`, 90, async () => {
    const { evidence: found } = await statusOf(plan);
    const asked = found?.notes?.some((note) => note.includes("has not been asked yet")) !== true;
    return asked ? found : undefined;
  });
  process.stdout.write(`# ${plan}: ${JSON.stringify(evidence)}\n`);
  return evidence;
}

/** The gateway's processes on this machine. */
async function gatewayProcesses(): Promise<readonly number[]> {
  const path = "jsonpath={.items[*].metadata.uid}";
  const uids = await kubectl("-n", "laptop", "get", "pods", "-l", "app.kubernetes.io/component=gateway", "-o", path);
  const names = uids.split(" ").flatMap((uid) => [uid, uid.replaceAll("-", "_")]);
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const cgroup = textOf(`/proc/${pid}/cgroup`);
      return textOf(`/proc/${pid}/comm`).trim() === "haproxy" && names.some((name) => cgroup.includes(name));
    })
    .map(Number);
}

/** Empty for a process that is gone. */
function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return "";
    throw error;
  }
}

describe("plans and their evidence", { skip: here }, () => {
  const names: string[] = [];
  /** The number of the last change that was made once more. */
  let changes = 20;

  before(cloudReady);
  after(async () => {
    if (here !== false) return;
    await kubectl("-n", "laptop", "patch", "cloud/laptop", "--type=merge", "-p", '{"spec":{"services":null}}');
    await cloudReady();
  });

  for (const number of [11, 12, 13])
    test(`change ${number - 10} of three`, { timeout: 300_000 }, async () => {
      const plan = await begin(number);
      names.push(plan);
      const { summary, steps = [] } = await succeeded(plan);
      assert.match(summary?.text ?? "", /glance and placement roll/);
      assert.equal(summary?.impact.level, "None");
      assert.match(summary?.takenBack ?? "", /^Yes/);
      assert.ok(steps.length >= 2);
      for (const { id, state, seconds } of steps) assert.ok(state === "Done" && seconds !== undefined, id);
    });

  /** The third change; where its scene was spoilt, one more of the same kind for each attempt. */
  async function third(attempt: number): Promise<string> {
    if (attempt > 1) names[2] = await begin((changes += 1));
    const plan = names[2] ?? assert.fail("there was no third change");
    await succeeded(plan);
    return plan;
  }

  // In seconds of the clock, of which a machine that stands still for some adds them to what a step takes.
  test(
    "the third takes what was expected: nine of ten steps within 25 % or 2 s, and the whole",
    { timeout: 600_000 },
    () => attempts(async (attempt) => asExpected(await third(attempt))),
  );

  async function asExpected(plan: string): Promise<void> {
    const evidence = await evidenceOf(plan);
    const { summary, steps = [] } = await statusOf(plan);
    const near = (expected: number | undefined, measured = 0): boolean =>
      expected !== undefined && Math.abs(expected - measured) <= Math.max(2, 0.25 * measured);
    const told = steps.map(({ id, expectedSeconds, seconds }) => `${id}: ${expectedSeconds} s, took ${seconds} s`);
    process.stdout.write(`# ${told.join("; ")}\n`);
    const good = steps.filter(({ expectedSeconds, seconds }) => near(expectedSeconds, seconds)).length;
    assert.ok(good >= 0.9 * steps.length, told.join("; "));
    assert.ok(
      near(summary?.expectedSeconds, evidence.seconds),
      `${summary?.expectedSeconds} s expected, ${evidence.seconds} s`,
    );
  }

  test(
    "while pods roll nothing fails, all of it is seen, and what was replaced is told",
    { timeout: 600_000 },
    async () => {
      // A machine that stands still makes the witness blind, which says so: then nothing is shown. What fails counts at once.
      const evidence = await attempts(async (attempt) => {
        const found = await evidenceOf(await third(attempt));
        if (found.apis.every(({ failed }) => failed === 0)) assert.equal(found.witness, "Saw");
        return found;
      });
      assert.equal(evidence.witness, "Saw");
      assert.deepEqual(evidence.apis.map(({ name }) => name).toSorted(), APIS);
      for (const { name, sent, failed, blindSeconds } of evidence.apis) {
        assert.ok(sent > 0, name);
        assert.deepEqual([name, failed, blindSeconds], [name, 0, 0]);
      }
      assert.equal(typeof evidence.gatewayRetries, "number", (evidence.notes ?? []).join("; "));
      for (const component of ["glance", "placement"])
        assert.ok(
          evidence.podsRestarted.some((pod) => pod.startsWith(`${component}-`)),
          `${component} in ${evidence.podsRestarted.join(", ")}`,
        );
      const { approval } = await statusOf(names[2] ?? "");
      assert.equal(approval?.by, "Policy");
    },
  );

  test(
    "the gateway stands still for three seconds meanwhile: every API has a gap as long",
    { timeout: 900_000 },
    // Where the machine stands still, too, the plan may have ended before, and the witness was blind.
    () => attempts(gatewayStands),
  );

  async function gatewayStands(): Promise<void> {
    const processes = await gatewayProcesses();
    assert.ok(processes.length > 0, "the gateway runs on this machine");
    const plan = await begin((changes += 1));
    for (const pid of processes) process.kill(pid, "SIGSTOP");
    try {
      await delay(3_200);
    } finally {
      for (const pid of processes) process.kill(pid, "SIGCONT");
    }
    const evidence = await evidenceOf(plan);
    assert.equal(evidence.witness, "Saw");
    for (const { name, worstGapSeconds } of evidence.apis)
      assert.ok(worstGapSeconds >= 3, `${name}: a gap of ${worstGapSeconds} s`);
    assert.ok(evidence.apis.some(({ slow, failed }) => slow + failed > 0));
  }

  test("the witness is deleted meanwhile: the evidence says that it was blind", { timeout: 300_000 }, async () => {
    const plan = await begin((changes += 1));
    await kubectl("-n", "laptop", "delete", "pod", "-l", "app.kubernetes.io/component=witness", "--wait=false");
    const evidence = await evidenceOf(plan);
    assert.ok(["PartlyBlind", "Blind"].includes(evidence.witness));
    for (const { name, blindSeconds } of evidence.apis) assert.ok(blindSeconds > 0, name);
    assert.match(
      evidence.notes?.join("\n") ?? "",
      /Blind for .* the witness had not started|the witness did not answer/,
    );
  });
});
