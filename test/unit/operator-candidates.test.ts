import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { readPlan, type Plan } from "../../src/api/plan.ts";
import { Releases } from "../../src/desired/release-facts.ts";
import { Cache } from "../../src/kube/cache.ts";
import { fieldAt } from "../../src/kube/types.ts";
import { withConditions } from "../../src/operator/plans/conditions.ts";
import { Candidates } from "../../src/operator/plans/candidate.ts";
import { type PlanParts, planParts } from "../../src/operator/plans/parts.ts";
import type { Manifest, Workload } from "../../src/workloads/contract.ts";
import { CLOUD, World, workloads } from "./operator-harness.ts";

const API = "underpin.dev/v1alpha1";
const INSTANCE = "app.kubernetes.io/instance";

/** What the store is set to follows from the Cloud. */
const WORKLOADS = workloads().map((one): Workload => {
  if (one.name !== "store") return one;
  const set = (object: Manifest, setting: string): Manifest =>
    object.kind === "ConfigMap" ? { ...object, data: { setting } } : object;
  return { ...one, build: (input) => one.build(input).map((object) => set(object, input.cloud.spec.region)) };
});

describe("a Plan that somebody made", { timeout: 120_000 }, () => {
  let world = new World();
  let cache: Cache | undefined;
  afterEach(async () => {
    await cache?.close();
    await world.stop();
  });

  /** A Cloud that is Ready and waits with its next change, and what plans candidates. */
  async function ready(): Promise<PlanParts["candidates"]> {
    world = new World();
    await world.found();
    await world.start({ workloads: WORKLOADS });
    await world.settle();
    await edit({ change: { approval: "Manual" } });
    await world.settle();
    const cluster = {
      client: world.kube,
      workloads: WORKLOADS,
      images: {},
      clusterDomain: "cluster.local",
      releases: new Releases(() => undefined),
    };
    const plans = new Cache(world.kube, { apiVersion: API, kind: "Plan" });
    plans.start();
    await plans.waitForSync();
    cache = plans;
    return planParts({
      ...cluster,
      plans,
      approvals: plans,
      operatorImage: "operator:1",
      evidence: () => assert.fail("nothing is carried out"),
      enqueue: () => undefined,
    }).candidates;
  }

  async function edit(spec: object): Promise<void> {
    await world.asOthers(() => world.kube.patch(CLOUD, { type: "merge", value: { spec } }));
  }

  async function propose(candidates: PlanParts["candidates"], spec: object, labels = {}): Promise<Plan> {
    const metadata = { name: "proposal", namespace: "laptop", labels };
    await world.asOthers(() => world.kube.create({ apiVersion: API, kind: "Plan", metadata, spec }));
    await new Promise((done) => setTimeout(done, 20));
    await candidates.reconcile("laptop/proposal");
    return readPlan(await world.kube.get({ apiVersion: API, kind: "Plan", namespace: "laptop", name: "proposal" }));
  }

  const spec = async (): Promise<object> => fieldAt(await world.cloud(), "spec") as object;

  it("is planned and nothing more, and has the hash of the Plan that the operator makes when it is stored", async () => {
    const candidates = await ready();
    const before = await world.objects();
    const changed = { ...(await spec()), region: "elsewhere" };
    const { status } = await propose(candidates, { cloud: "laptop", candidate: changed });
    assert.equal(status?.phase, "Candidate");
    assert.match(status.hash ?? "", /^[0-9a-f]{64}$/);
    assert.ok((status.content?.chunks.length ?? 0) > 0);
    await world.settle();
    const after = await world.objects();
    assert.deepEqual(
      after.filter((key) => !key.startsWith("ConfigMap/laptop/proposal-")),
      before,
    );
    await edit({ region: "elsewhere" });
    await world.settle();
    const { items } = await world.kube.list({ apiVersion: API, kind: "Plan" });
    const made = items.map((item) => readPlan(item)).filter((plan) => plan.spec.candidate === undefined);
    assert.equal(made.find((plan) => plan.status?.phase === "Pending")?.status?.hash, status.hash);
  });

  it("is one with the Cloud's label, too, and the operator does not take it for its own", async () => {
    const candidates = await ready();
    const proposal = { cloud: "laptop", candidate: { ...(await spec()), region: "elsewhere" } };
    const { status } = await propose(candidates, proposal, { [INSTANCE]: "laptop" });
    assert.equal(status?.phase, "Candidate");
    await world.settle();
    const metadata = { name: "laptop-1-00000000", labels: { [INSTANCE]: "laptop" } };
    assert.ok(!Candidates.isOne({ apiVersion: API, kind: "Plan", metadata, spec: { cloud: "laptop" } }));
  });

  it("without a candidate is of the Cloud as it is, and without a Cloud says so", async () => {
    const candidates = await ready();
    const { status } = await propose(candidates, { cloud: "laptop" });
    assert.equal(status?.message, "Nothing would be done.");
    assert.equal(status.conditions?.find(({ type }) => type === "Complete")?.reason, "Candidate");
    const name = "nowhere";
    await world.asOthers(() =>
      world.kube.create({
        apiVersion: API,
        kind: "Plan",
        metadata: { name, namespace: "laptop" },
        spec: { cloud: name },
      }),
    );
    await new Promise((done) => setTimeout(done, 20));
    await candidates.reconcile(`laptop/${name}`);
    const told = await world.kube.get({ apiVersion: API, kind: "Plan", namespace: "laptop", name });
    assert.match(String(fieldAt(told, "status", "message")), /There is no Cloud nowhere in laptop/);
  });
});

it("a Plan's conditions follow its approval and its phase, and keep the time since which they hold", () => {
  const at = (seconds: number): Date => new Date(seconds * 1000);
  const told = (status: ReturnType<typeof withConditions>) =>
    status.conditions?.map(({ type, status: is, reason, lastTransitionTime }) => [
      type,
      is,
      reason,
      lastTransitionTime,
    ]);
  const pending = withConditions({ phase: "Pending", message: "it waits" }, undefined, at(1));
  const approval = { user: "jane", by: "PlanApproval", time: at(2).toISOString() } as const;
  const running = withConditions({ ...pending, phase: "Running", approval }, pending, at(2));
  const done = withConditions({ ...running, phase: "Succeeded" }, running, at(3));
  assert.deepEqual([pending, running, done].map(told), [
    [
      ["Approved", "False", "NotApproved", at(1).toISOString()],
      ["Complete", "False", "Pending", at(1).toISOString()],
    ],
    [
      ["Approved", "True", "PlanApproval", at(2).toISOString()],
      ["Complete", "False", "Running", at(1).toISOString()],
    ],
    [
      ["Approved", "True", "PlanApproval", at(2).toISOString()],
      ["Complete", "True", "Succeeded", at(3).toISOString()],
    ],
  ]);
  assert.deepEqual(withConditions(done, done, at(9)), done);
});
