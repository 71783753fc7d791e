import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { readCloud } from "../../src/api/cloud.ts";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { cloudHistory, sinceTime } from "../../src/cli/history.ts";
import { historyLines } from "../../src/cli/render/history.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import { DRIFT_KEY, DRIFT_NAME } from "../../src/plan/drift.ts";
import { LAPTOP } from "./build-input.ts";
import { SUCCEEDED, storedPlan } from "./stored-plans.ts";

const GOLDEN = new URL("cli-golden/", import.meta.url);
const cloud = readCloud(LAPTOP);
const evidence = (startedAt: string, more: object = {}) => ({ ...SUCCEEDED.status?.evidence, startedAt, ...more });
const DRIFT = [
  {
    time: "2026-01-01T00:30:00Z",
    object: "Deployment/laptop/placement",
    action: "Repaired",
    manager: "kubectl-edit",
    fields: [{ path: "spec.replicas", was: "1", is: "3" }],
  },
  {
    time: "2026-01-01T01:30:00Z",
    last: "2026-01-01T01:40:00Z",
    count: 7,
    object: "Service/laptop/glance",
    action: "Reported",
    deleted: true,
    manager: "unknown",
    fields: [],
    fight: true,
  },
];

async function cluster(options = {}): Promise<FakeKube> {
  const kube = new FakeKube(options);
  await kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "laptop" } });
  for (const crd of customResourceDefinitions()) await kube.create(crd);
  const data = { [DRIFT_KEY]: [...DRIFT.map((one) => JSON.stringify(one)), "no record"].join("\n") };
  await kube.create({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: DRIFT_NAME, namespace: "laptop" }, data });
  const plans = [
    storedPlan({ phase: "Succeeded", evidence: evidence("2026-01-01T00:00:00Z") }, "laptop-1-aaaaaaaa"),
    storedPlan(
      { phase: "Failed", evidence: evidence("2026-01-01T01:00:00Z", { witness: "Blind", apis: [] }) },
      "laptop-2-bbbbbbbb",
    ),
    storedPlan({ phase: "Running", evidence: undefined }, "other-1-cccccccc"),
  ];
  for (const { status, ...plan } of plans) {
    const { name } = plan.metadata;
    const spec = name.startsWith("other") ? { ...plan.spec, cloud: "other" } : plan.spec;
    await kube.create({ ...plan, spec, metadata: { name, namespace: "laptop" } });
    const ref = { apiVersion: plan.apiVersion, kind: plan.kind, namespace: "laptop", name };
    await kube.patch(ref, { type: "merge", value: { status } }, { subresource: "status" });
  }
  return kube;
}

test("planned and unplanned changes of one Cloud, the newest first", async () => {
  const history = await cloudHistory(await cluster(), cloud);
  assert.deepEqual(
    history.entries.map((entry) => (entry.type === "plan" ? entry.plan : entry.object)),
    ["Service/laptop/glance", "laptop-2-bbbbbbbb", "Deployment/laptop/placement", "laptop-1-aaaaaaaa"],
  );
  const [, failed, , first] = history.entries;
  assert.ok(failed?.type === "plan" && failed.blind === true && failed.noticed === undefined, "blind is not nothing");
  assert.ok(first?.type === "plan" && first.approvedBy === "jane" && first.noticed?.failed === 0);
  const text = `${historyLines(history, 150).join("\n")}\n`;
  const file = new URL("history.txt", GOLDEN);
  if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, text);
  assert.equal(text, readFileSync(file, "utf8"));
  for (const line of text.split("\n")) assert.ok(line.length <= 150);
});

test("what is older than asked for is left out; nothing is told in one line", async () => {
  const kube = await cluster();
  const since = async (time: string) => (await cloudHistory(kube, cloud, new Date(time))).entries.length;
  assert.deepEqual([await since("2026-01-01T00:45:00Z"), await since("2026-01-01T01:35:00Z")], [2, 1]);
  const none = await cloudHistory(kube, cloud, new Date("2027-01-01"));
  assert.deepEqual(historyLines(none, 100), ["Cloud laptop/laptop: no change is recorded."]);
});

test("who may not read the records is told so", async () => {
  const before = (verb: string, ref: { kind: string }) => {
    if (verb === "get" && ref.kind === "ConfigMap") throw new KubeError("GET", 403, { reason: "Forbidden" });
  };
  const history = await cloudHistory(await cluster({ before }), cloud);
  assert.equal(history.entries.length, 2);
  assert.match(historyLines(history, 120).join("\n"), /underpin-drift may not be read/);
});

test("a time is how long ago, or a date", () => {
  const now = new Date("2026-01-08T12:00:00Z");
  const told = (text: string) => sinceTime(text, now).toISOString();
  assert.equal(told("24h"), "2026-01-07T12:00:00.000Z");
  assert.equal(told("1w"), "2026-01-01T12:00:00.000Z");
  assert.equal(told("1h30m"), "2026-01-08T10:30:00.000Z");
  assert.equal(told("2026-01-02"), "2026-01-02T00:00:00.000Z");
  for (const wrong of ["", "yesterday", "24", "h", "2026-13-45", "24h!", "99999999999999999999w"])
    assert.throws(() => sinceTime(wrong, now), /is no time/, wrong);
});
