// The operator is killed whenever another step of the longest plan is done, the making of a whole cloud. Minutes long, so it
// runs only when it is named; the tests of a whole cloud take a sample.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { after, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { PlanStatus } from "../../src/api/plan.ts";
import { killOperator, skip, underpin } from "../e2e/machine.ts";

const state = process.env["UNDERPIN_STATE"] ?? "";
const here = skip === false && state === "" ? "there is no folder for a cloud: ./underpin test kills" : skip;

const OPERATOR = ["-l", "app.kubernetes.io/name=underpin-operator", "--force", "--grace-period=0", "--wait=false"];

interface PlanItem {
  readonly metadata: { readonly name: string };
  readonly status?: PlanStatus;
}

async function plan(): Promise<PlanItem | undefined> {
  const { code, stdout } = await underpin(["kubectl", "-n", "laptop", "get", "plans", "-o", "json"]);
  return code === 0 ? (JSON.parse(stdout) as { items: PlanItem[] }).items[0] : undefined;
}

after(async () => {
  if (here !== false) return;
  await underpin(["down", "--purge", "--yes"]);
  for (const folder of [state, process.env["XDG_CONFIG_HOME"] ?? `${state}-config`])
    rmSync(folder, { recursive: true, force: true });
});

test(
  "killed at every step of the making of a cloud, the operator ends it, and its plan has no hole",
  { skip: here, timeout: 1_800_000 },
  async (context) => {
    const up = spawn(fileURLToPath(new URL("../../underpin", import.meta.url)), ["up", "--yes"], { stdio: "ignore" });
    const ended = new Promise<number>((resolve) => up.once("exit", (code) => resolve(code ?? 1)));
    const kills: string[] = [];
    let done = 0;
    for (;;) {
      const found = await plan();
      const { phase, steps = [] } = found?.status ?? {};
      const now = steps.filter(({ state }) => state === "Done").length;
      if (phase === "Succeeded") break;
      if (up.exitCode !== null)
        assert.fail(`up has ended with ${up.exitCode}: ${found?.status?.message ?? "there is no plan"}`);
      if (now > done && killOperator(state) > 0) {
        kills.push(`${now} of ${steps.length}`);
        done = now;
        // A container that dies often is started later each time; a new pod is not.
        await underpin(["kubectl", "-n", "underpin-system", "delete", "pods", ...OPERATOR]);
      }
      await delay(150);
    }
    assert.equal(await ended, 0, "up has come to its end");
    const { status } = (await plan()) ?? {};
    for (const { id, state, startedAt, seconds } of status?.steps ?? [])
      assert.ok(state === "Done" && startedAt !== undefined && seconds !== undefined, id);
    assert.ok(status?.evidence?.startedAt !== undefined && status.evidence.endedAt !== undefined);
    context.diagnostic(`killed ${kills.length} times, when these steps were done: ${kills.join(", ")}`);
    assert.ok(kills.length >= 10, kills.join(", "));
    assert.match((await underpin(["up", "--yes"])).stdout, /nothing was changed/);
  },
);
