import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { identity } from "./identity.ts";
import { skip, traces, underpin } from "./machine.ts";

const state = process.env["UNDERPIN_STATE"];
const here = skip === false && state === undefined ? "there is no cloud of the tests" : skip;

test(
  "down --purge leaves nothing: no process, mount, link, route, cgroup, table, sysctl, file",
  { skip: here, timeout: 300_000 },
  async () => {
    const folder = state ?? "";
    const recorded = join(folder, "traces-before.json");
    assert.ok(existsSync(recorded), "the part before did not come up");
    const before: unknown = JSON.parse(readFileSync(recorded, "utf8"));
    // For the next cloud, which must share nothing with this one.
    writeFileSync(`${folder}-identity.json`, JSON.stringify(await identity(folder)));
    const { code, stderr } = await underpin(["down", "--purge", "--yes"], { timeoutMs: 170_000 });
    assert.equal(code, 0, stderr);
    assert.deepEqual(await traces(), before);
    const ours = ["traces-before.json", "bad.yaml"];
    const left = existsSync(folder) ? readdirSync(folder).filter((name) => !ours.includes(name)) : [];
    assert.deepEqual(left, []);
    rmSync(folder, { recursive: true, force: true });
    rmSync(process.env["XDG_CONFIG_HOME"] ?? `${folder}-config`, { recursive: true, force: true });
  },
);
