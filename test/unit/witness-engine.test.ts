import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine, PREFIX } from "../../src/witness/engine.ts";
import type { Operation } from "../../src/witness/records.ts";
import { Session } from "../../src/openstack/session.ts";
import { AcceptedButFailed, type WitnessCycle, type WitnessDefinition } from "../../src/workloads/witness-contract.ts";
import { loadDefinitions } from "../../src/witness/definitions.ts";
import { OpenStackStub, STUB_USER } from "../contract/openstack-stub.ts";

interface Ran {
  readonly operations: readonly (Operation & { readonly message?: string })[];
  readonly seen: readonly string[];
}

/** Runs the engine for a moment against the stand-in. */
async function run(definition: WitnessDefinition, milliseconds: number, down = false): Promise<Ran> {
  const stub = new OpenStackStub();
  const url = await stub.start();
  const session = new Session({ ...STUB_USER, authUrl: `${url}/identity`, keepAlive: false, renewRefused: false });
  await session.authenticate();
  if (down) await stub.stop();
  const operations: (Operation & { message?: string })[] = [];
  const engine = new Engine({
    definitions: [definition],
    session: (as) => (as === "member" ? session : undefined),
    readEverySeconds: 0.05,
    cycleEverySeconds: 0.1,
    onOperation: (operation, message) =>
      void operations.push(message === undefined ? operation : { ...operation, message }),
    onTrouble: (message) => assert.fail(message),
  });
  engine.start();
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  await engine.stop();
  await session.close();
  if (!down) await stub.stop();
  return { operations, seen: stub.seen };
}

const READS = [
  { name: "one", path: "/networks" },
  { name: "two", path: "/networks?project_id={project}" },
];

test("reads go on at their rate, one after the other", async () => {
  const { operations } = await run({ api: "network", reads: READS, cycles: [] }, 600);
  assert.ok(operations.length >= 6 && operations.length <= 13, `${operations.length} reads in 0.6 s`);
  assert.deepEqual([...new Set(operations.map(({ name }) => name))], ["one", "two"]);
  assert.ok(operations.every(({ outcome, api }) => outcome === "ok" && api === "network"));
});

test("when nobody answers every read is a failure with its reason, and they go on", async () => {
  const { operations } = await run({ api: "network", reads: READS, cycles: [] }, 400, true);
  assert.ok(operations.length >= 4);
  assert.ok(operations.every(({ outcome, message }) => outcome === "failed" && /ECONNREFUSED/.test(message ?? "")));
});

/** A life-cycle that notes what it is asked to do. */
function cycle(ran: string[], change: Partial<WitnessCycle> = {}): WitnessCycle {
  return {
    name: "thing",
    run: async (api, name) => {
      ran.push(name);
      await api.get("/networks");
    },
    ...change,
  };
}

test("leftovers are removed at the start, and after a life-cycle that failed, uncounted", async () => {
  const swept: string[] = [];
  let failures = 0;
  const failing = cycle([], {
    run: async (api) => {
      await api.get("/networks");
      failures += 1;
      if (failures === 1) throw new AcceptedButFailed("thing", "ERROR");
    },
    leftovers: async (_api, prefix) => {
      swept.push(prefix);
      return Promise.resolve(["/networks/left"]);
    },
  });
  const { operations, seen } = await run({ api: "network", reads: [], cycles: [failing] }, 450);
  assert.deepEqual(swept, [PREFIX, PREFIX]);
  assert.equal(seen.filter((what) => what === "DELETE /network/v2.0/networks/left").length, 2);
  assert.ok(operations.every(({ name }) => name === "thing GET" || name === "thing end"));
});

test("what was accepted and ended in an error is a failure", async () => {
  const bad = cycle([], {
    run: async (api) => {
      await api.get("/networks");
      throw new AcceptedButFailed("thing", "ERROR");
    },
  });
  const { operations } = await run({ api: "network", reads: [], cycles: [bad] }, 150);
  const failed = operations.find(({ outcome }) => outcome === "failed");
  assert.match(failed?.message ?? "", /thing was accepted and ended as "ERROR"/);
});

test("a life-cycle has a name of its own each time, and none runs without its user", async () => {
  const ran: string[] = [];
  const none: string[] = [];
  await run({ api: "network", reads: [], cycles: [cycle(ran), cycle(none, { as: "service" })] }, 450);
  assert.ok(ran.length >= 2);
  assert.equal(new Set(ran).size, ran.length);
  assert.ok(ran.every((name) => name.startsWith(PREFIX)));
  assert.deepEqual(none, []);
});

test("every API has reads and a life-cycle", async () => {
  const definitions = await loadDefinitions();
  assert.deepEqual(definitions.map(({ api }) => api).toSorted(), [
    "compute",
    "identity",
    "image",
    "network",
    "placement",
  ]);
  for (const { api, reads, cycles } of definitions) assert.ok(reads.length > 0 && cycles.length > 0, api);
});
