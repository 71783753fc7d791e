import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { attempts } from "../harness/attempts.ts";
import { bringsUp } from "./diagnosis.ts";
import { skip, traces, underpin } from "./machine.ts";

const state = process.env["UNDERPIN_STATE"];
const here = skip === false && state === undefined ? "UNDERPIN_STATE names no folder for the test's own cloud" : skip;

interface Event {
  readonly part?: string;
  readonly state?: string;
  readonly summary?: {
    readonly guest?: { readonly address: string };
    readonly apiUrl: string;
    readonly changed: boolean;
  };
}

interface Pod {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly status: { readonly containerStatuses?: readonly { readonly name: string; readonly restartCount: number }[] };
}

test("bad input is refused before anything is touched", { skip: here }, async () => {
  const folder = state ?? "";
  mkdirSync(folder, { recursive: true });
  // What an interrupted run of these tests left.
  await underpin(["down", "--purge", "--yes"]);
  const before = await traces();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, "bad.yaml");
  const good = readFileSync(new URL("../../examples/laptop.yaml", import.meta.url), "utf8");
  writeFileSync(file, good.replace("2025.1", "1999.1").replace("10.91.0.0/24", "10.90.0.0/24"));
  const { code, stderr } = await underpin(["up", "-f", file]);
  assert.equal(code, 2);
  assert.match(stderr, /spec\.release/);
  assert.match(stderr, /spec\.network\.provider/);
  assert.doesNotMatch(stderr, /\n\s+at /);
  assert.deepEqual(await traces(), before);
});

test("one command leads to a cloud with a guest that answers", { skip: here, timeout: 1_200_000 }, async () => {
  const before = await traces();
  const { stdout } = await bringsUp(["-o", "json"], 890_000);
  const events = stdout
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Event);
  const summary = events.at(-1)?.summary;
  assert.ok(summary?.guest, "the last line is the summary, with the guest");
  assert.ok(events.some((event) => event.part === "guest/ping" && event.state === "done"));
  mkdirSync(state ?? "", { recursive: true });
  writeFileSync(join(state ?? "", "traces-before.json"), JSON.stringify(before));
});

test(
  "no container of the cloud had to be started twice: each came when what it needs was there",
  { skip: here },
  async () => {
    const { code, stdout } = await underpin(["kubectl", "get", "pods", "--all-namespaces", "-o", "json"]);
    assert.equal(code, 0);
    const pods = (JSON.parse(stdout) as { readonly items: readonly Pod[] }).items;
    const containers = pods
      .filter(({ metadata }) => metadata.namespace.startsWith("laptop"))
      .flatMap(({ metadata, status }) =>
        (status.containerStatuses ?? []).map((container) => ({ pod: metadata.name, ...container })),
      );
    assert.ok(containers.length > 20, `${containers.length} containers`);
    assert.deepEqual(
      containers
        .filter(({ restartCount }) => restartCount > 0)
        .map(({ pod, name, restartCount }) => `${pod} ${name}: ${restartCount}`),
      [],
    );
  },
);

test("run again, it changes nothing and says so", { skip: here, timeout: 240_000 }, async () => {
  const { code, stdout } = await underpin(["up"]);
  assert.equal(code, 0);
  assert.match(stdout, /nothing was changed/);
});

test(
  "a second one at the same time is refused, and told who holds the lock",
  { skip: here, timeout: 300_000 },
  // The first one holds the lock for some seconds: where this process stands still for as long, the second one comes too late.
  () =>
    attempts(async () => {
      const first = underpin(["up"]);
      // The lock file says who holds the lock, once somebody does.
      for (let tries = 0; tries < 3000 && !existsSync(join(state ?? "", "lock.json")); tries += 1) await delay(20);
      const second = await underpin(["up"]);
      assert.equal((await first).code, 0);
      assert.equal(second.code, 3);
      assert.match(second.stderr, /underpin up.*process \d+/s);
    }),
);

test("status, the real client and doctor tell of the cloud", { skip: here, timeout: 240_000 }, async () => {
  const status = await underpin(["status", "-o", "json"]);
  assert.equal(status.code, 0);
  const server = await underpin(["openstack", "server", "show", "hello", "-f", "json"]);
  assert.equal(server.code, 0, server.stderr);
  assert.equal((JSON.parse(server.stdout) as { status: string }).status, "ACTIVE");
  for (const command of [
    "image list",
    "network list",
    "flavor list",
    "endpoint list",
    "hypervisor list",
    "resource provider list",
  ]) {
    const { code, stderr } = await underpin(["openstack", ...command.split(" "), "-f", "json"]);
    assert.equal(code, 0, `${command}: ${stderr}`);
  }
});
