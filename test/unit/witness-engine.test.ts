import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine, PREFIX } from "../../src/witness/engine.ts";
import type { Operation } from "../../src/witness/records.ts";
import { Session } from "../../src/openstack/session.ts";
import { AcceptedButFailed, type WitnessCycle, type WitnessDefinition } from "../../src/workloads/witness-contract.ts";
import { loadDefinitions } from "../../src/witness/definitions.ts";
import { eventually } from "../contract/kube.contract.ts";
import { OpenStackStub, STUB_USER } from "../contract/openstack-stub.ts";
import { attempts } from "../harness/attempts.ts";

interface Ran {
  readonly operations: readonly (Operation & { readonly message?: string })[];
  readonly seen: readonly string[];
}

/** Runs the engine against the stand-in, until enough is seen. */
async function run(
  definition: WitnessDefinition,
  enough: (operations: Ran["operations"]) => boolean,
  down = false,
): Promise<Ran> {
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
  try {
    await eventually("enough", () => enough(operations));
  } finally {
    await engine.stop();
    await session.close();
    if (!down) await stub.stop();
  }
  return { operations, seen: stub.seen };
}

const READS = [
  { name: "one", path: "/networks" },
  { name: "two", path: "/networks?project_id={project}" },
];

// A rate is counted by the machine's clock: a machine that stands still meanwhile reads less often.
test("reads go on at their rate, one after the other", () =>
  attempts(async () => {
    const start = performance.now();
    let took = 0;
    const over = (): boolean => (took = performance.now() - start) > 600;
    const { operations } = await run({ api: "network", reads: READS, cycles: [] }, over);
    assert.ok(operations.length >= 6 && operations.length <= took / 50 + 1, `${operations.length} reads in ${took} ms`);
    assert.deepEqual([...new Set(operations.map(({ name }) => name))], ["one", "two"]);
    assert.ok(operations.every(({ outcome, api }) => outcome === "ok" && api === "network"));
  }));

test("when nobody answers every read is a failure with its reason, and they go on", async () => {
  const { operations } = await run({ api: "network", reads: READS, cycles: [] }, (seen) => seen.length >= 4, true);
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
  // The third is well again, and so was the second: nothing is removed before it.
  const { operations, seen } = await run({ api: "network", reads: [], cycles: [failing] }, () => failures >= 3);
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
  const failure = (operations: Ran["operations"]) => operations.find(({ outcome }) => outcome === "failed");
  const { operations } = await run({ api: "network", reads: [], cycles: [bad] }, (seen) => failure(seen) !== undefined);
  const failed = failure(operations);
  assert.match(failed?.message ?? "", /thing was accepted and ended as "ERROR"/);
});

test("a life-cycle has a name of its own each time, and none runs without its user", async () => {
  const ran: string[] = [];
  const none: string[] = [];
  // Both are due every 0.1 s; the second one's first turn comes before the fourth of the first.
  await run({ api: "network", reads: [], cycles: [cycle(ran), cycle(none, { as: "service" })] }, () => ran.length >= 4);
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
