// What is asked of the API server for a plan, and what is made of its refusals.
import assert from "node:assert/strict";
import { test } from "node:test";
import { foresee } from "../../src/desired/foresee.ts";
import { KubeError, type StatusBody } from "../../src/kube/errors.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import type { KubeObject } from "../../src/kube/types.ts";
import type { Manifest } from "../../src/workloads/contract.ts";

const SECRET = "aVeryPrivateValue";

function object(kind: string, data: Readonly<Record<string, string>>): Manifest {
  return { apiVersion: "v1", kind, metadata: { name: "x", namespace: "laptop" }, data };
}

interface World {
  readonly live?: KubeObject;
  readonly namespaces?: readonly string[];
  /** What the API server answers to an apply. */
  readonly status?: number;
  readonly body?: StatusBody;
}

async function asked(manifest: Manifest, world: World = {}) {
  const { live, namespaces = ["laptop"], status, body = {} } = world;
  const calls: string[] = [];
  const kube = new FakeKube({
    before: (verb) => {
      calls.push(verb);
      if (verb === "apply" && status !== undefined) throw new KubeError("PATCH", status, body);
    },
  });
  await kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "laptop" } });
  calls.length = 0;
  kube.writes.length = 0;
  const objects = new Map(live === undefined ? [] : [[`${live.kind}/laptop/x`, live]]);
  const snapshot = {
    cloud: undefined,
    nodes: [],
    namespaces: new Map(namespaces.map((one) => [one, ""])),
    objects,
    inventory: [],
  };
  const [found] = await foresee(kube, [manifest], snapshot);
  assert.deepEqual(kube.writes, [], "nothing is written");
  return { found, calls };
}

test("what differs is asked by one dry run, and what is there already is not asked", async () => {
  const first = await asked(object("ConfigMap", { a: "1" }));
  assert.deepEqual([first.calls, first.found?.type], [["apply"], "kept"]);
  const kept = first.found?.type === "kept" ? first.found.after : assert.fail();
  const again = await asked(object("ConfigMap", { a: "1" }), { live: kept });
  assert.deepEqual([again.calls, again.found?.type], [[], "kept"]);
});

test("in a namespace that does not exist nothing can be asked", async () => {
  const { calls, found } = await asked(object("ConfigMap", { a: "1" }), { namespaces: [] });
  assert.deepEqual([calls, found?.type], [[], "kept"]);
});

test("a refusal is told by field and reason, without values; of a Secret by its field alone", async () => {
  const message = `Invalid value: {"long": "${SECRET}"}: field is immutable`;
  const body = { reason: "Invalid", details: { causes: [{ field: "spec.volumes", message }] } };
  const { found } = await asked(object("ConfigMap", { a: "1" }), { status: 422, body });
  assert.deepEqual(found, { type: "refused", message: "spec.volumes: field is immutable" });
  const worse = { reason: "Invalid", details: { causes: [{ field: "data", message: `Invalid value: "${SECRET}"` }] } };
  const secret = await asked(object("Secret", { a: "1" }), { status: 422, body: worse });
  assert.deepEqual(secret.found, { type: "refused", message: "Invalid: data" });
});

test("who may not ask, or gets no answer, has no plan", async () => {
  for (const status of [403, 500, 0])
    await assert.rejects(asked(object("ConfigMap", { a: "1" }), { status, body: { reason: "Forbidden" } }), { status });
});
