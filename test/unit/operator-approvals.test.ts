import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { API_VERSION } from "../../src/api/names.ts";
import { IMPACT_LEVELS } from "../../src/api/plan-status.ts";
import type { PlanPhase } from "../../src/api/plan.ts";
import { change, type ChangePolicy } from "../../src/api/change.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import { applyJsonPatch } from "../../src/kube/fake-patch.ts";
import type { JsonPatchOperation } from "../../src/kube/client.ts";
import { type AdmissionResponse, BadReviewError } from "../../src/operator/admission.ts";
import { loosened } from "../../src/operator/approvals/loosened.ts";
import { ApprovalReview } from "../../src/operator/approvals/review.ts";
import { PEOPLE_ROLES } from "../../src/operator/people.ts";
import { APPROVED_BY, approvalsOf, readStamp, stampText } from "../../src/plan/approval.ts";
import { decide } from "../../src/plan/policy.ts";

const HASH = "a".repeat(64);
const OTHER = "b".repeat(64);
const NOW = new Date("2026-11-23T12:00:00Z");
const nights = { name: "nights", schedule: "0 22 * * 1-5", duration: "4h", timeZone: "Europe/Berlin" };
const JANE = { username: "jane", uid: "7", groups: ["ops"], extra: { team: ["lab"] } };

interface Asked {
  readonly user: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra: object;
  readonly resourceAttributes: Readonly<Record<string, string>>;
}

/** An API server with Plans, on which some may approve, and the review that asks it. */
class World {
  readonly asked: Asked[] = [];
  readonly kube: FakeKube;
  readonly review: ApprovalReview;
  constructor(may: (asked: Asked) => boolean = () => true) {
    this.kube = new FakeKube({
      onRaw: ({ path, body }) => {
        assert.equal(path, "/apis/authorization.k8s.io/v1/subjectaccessreviews");
        const { spec } = body as { spec: Asked };
        this.asked.push(spec);
        return { status: { allowed: may(spec) } };
      },
    });
    this.review = new ApprovalReview({ client: this.kube, now: () => NOW });
  }

  async plan(
    name: string,
    given: {
      hash?: string;
      phase?: PlanPhase;
      cloud?: string;
      namespace?: string;
      spec?: object;
      message?: string;
    } = {},
  ) {
    const { hash = HASH, phase = "Pending", cloud = "lab", namespace = "lab", spec, message } = given;
    const metadata = { name, namespace };
    const ref = { apiVersion: API_VERSION, kind: "Plan", name, namespace };
    await this.kube.create({ apiVersion: API_VERSION, kind: "Plan", metadata, spec: { cloud, ...spec } });
    const status = { hash, phase, ...(message && { message }) };
    await this.kube.patch(ref, { type: "merge", value: { status } }, { subresource: "status" });
    return this;
  }

  /** As the API server does it: stamped, then judged. */
  async write(asked: {
    object: Record<string, unknown>;
    request: Record<string, unknown>;
  }): Promise<AdmissionResponse & { stored: unknown }> {
    const stamped = await this.review.stamp(asked);
    if (!stamped.allowed) return { ...stamped, stored: undefined };
    const object = patchedBy(asked.object, stamped);
    return { ...(await this.review.judge({ request: { ...asked.request, object } })), stored: object };
  }
}

async function worldOf(may?: (asked: Asked) => boolean): Promise<World> {
  const world = new World(may);
  for (const crd of customResourceDefinitions()) await world.kube.create(crd);
  for (const name of ["lab", "far"])
    await world.kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
  return world;
}

function patchedBy(object: Record<string, unknown>, { patch }: AdmissionResponse): Record<string, unknown> {
  if (patch === undefined) return object;
  const operations = JSON.parse(Buffer.from(patch, "base64").toString("utf8")) as JsonPatchOperation[];
  return applyJsonPatch(object, operations) as Record<string, unknown>;
}

function reviewOf(resource: string, object: Record<string, unknown>, oldObject?: unknown, user: object = JANE) {
  const request = {
    uid: "u",
    resource: { group: "underpin.dev", version: "v1alpha1", resource },
    operation: oldObject === undefined ? "CREATE" : "UPDATE",
    namespace: "lab",
    name: "lab",
    userInfo: user,
    object,
    oldObject: oldObject ?? null,
  };
  return { request, object };
}

const cloud = (policy: object, annotations?: Record<string, string>): Record<string, unknown> => ({
  metadata: { name: "lab", namespace: "lab", ...(annotations && { annotations }) },
  spec: { release: "2025.1", change: policy },
});
const approval = (plan = "lab-2", hash = HASH, annotations?: Record<string, string>): Record<string, unknown> => ({
  metadata: { name: "ok", namespace: "lab", ...(annotations && { annotations }) },
  spec: { plan, hash },
});
const stamped = (hash = HASH, user = "jane") => ({ [APPROVED_BY]: stampText({ user, time: NOW.toISOString(), hash }) });
const messageOf = ({ status }: AdmissionResponse): string => String(status?.["message"]);

const RULE =
  'Ask an administrator for the ClusterRole underpin-approver in this namespace, or for a Role with the rule {apiGroups: ["underpin.dev"], resources: ["plans"], verbs: ["approve"]}';
const MAY_NOT = "jane may not approve plans.underpin.dev in namespace lab, which";

describe("who approves", () => {
  test("a PlanApproval and a Cloud are stamped with the user, and count", async () => {
    const world = await (await worldOf()).plan("lab-2");
    const object = await world.write(reviewOf("planapprovals", approval()));
    const given = await world.write(reviewOf("clouds", cloud({ approvedPlan: HASH }), cloud({})));
    assert.ok(object.allowed && given.allowed);
    const counted = approvalsOf(given.stored as never, [object.stored as never]);
    assert.deepEqual(
      counted.map(({ user, by, hash, time }) => ({ user, by, hash, time })),
      ["Cloud", "PlanApproval"].map((by) => ({ user: "jane", by, hash: HASH, time: NOW.toISOString() })),
    );
  });

  test("the API server is asked about this user, with groups and all, and this Plan", async () => {
    const world = await (await worldOf()).plan("lab-2");
    await world.write(reviewOf("clouds", cloud({ approvedPlan: HASH }), cloud({})));
    await world.write(reviewOf("planapprovals", approval()));
    const attributes = { namespace: "lab", group: "underpin.dev", resource: "plans", verb: "approve", name: "lab-2" };
    const { username: user, ...rest } = JANE;
    assert.deepEqual(
      world.asked,
      Array.from({ length: 4 }, () => ({ user, ...rest, resourceAttributes: attributes })),
    );
  });

  test("what a user writes for a stamp is overwritten", async () => {
    const world = await (await worldOf()).plan("lab-2");
    const own = await world.write(
      reviewOf("planapprovals", approval("lab-2", HASH, { ...stamped(HASH, "root"), a: "b" })),
    );
    const { annotations } = (own.stored as { metadata: { annotations: Record<string, string> } }).metadata;
    assert.equal(readStamp(annotations[APPROVED_BY])?.user, "jane");
    assert.equal(annotations["a"], "b");
  });

  test("and put back where it approves nothing new", async () => {
    const world = await worldOf(() => assert.fail("nobody is to be asked"));
    const before = cloud({ approvedPlan: HASH }, stamped());
    for (const annotations of [stamped(HASH, "root"), {}, undefined]) {
      const { allowed, stored } = await world.write(
        reviewOf("clouds", cloud({ approvedPlan: HASH }, annotations), before),
      );
      assert.ok(allowed);
      assert.deepEqual((stored as { metadata: { annotations: unknown } }).metadata.annotations, stamped());
    }
    const gone = await world.write(reviewOf("clouds", cloud({}, stamped()), before));
    assert.deepEqual(approvalsOf(gone.stored as never, []), []);
    const forged = await world.write(reviewOf("clouds", cloud({}, stamped(HASH, "root"))));
    assert.deepEqual((forged.stored as { metadata: object }).metadata, {
      name: "lab",
      namespace: "lab",
      annotations: {},
    });
    const later = await world.write(
      reviewOf("planapprovals", approval("lab-2", HASH, stamped(HASH, "root")), approval("lab-2", HASH, stamped())),
    );
    assert.deepEqual(later.stored, approval("lab-2", HASH, stamped()));
  });

  test("without a stamp, or with somebody else's, nothing is stored", async () => {
    const { review } = await (await worldOf()).plan("lab-2");
    const missing =
      "the approval was not stamped with who gave it, and so it does not count: Underpin's mutating webhook was not asked. Try again in a moment";
    for (const annotations of [undefined, stamped(HASH, "root"), stamped(OTHER)]) {
      assert.equal(
        messageOf(await review.judge(reviewOf("planapprovals", approval("lab-2", HASH, annotations)))),
        missing,
      );
      const asked = reviewOf("clouds", cloud({ approvedPlan: HASH }, annotations), cloud({}));
      assert.equal(messageOf(await review.judge(asked)), missing);
    }
    const touched = await review.judge(reviewOf("clouds", cloud({}, stamped()), cloud({})));
    assert.equal(
      messageOf(touched),
      "the annotation underpin.dev/approved-by is written by Underpin alone. Leave it as it is",
    );
  });
});

describe("who may not", () => {
  const refusals: readonly (readonly [what: string, review: ReturnType<typeof reviewOf>, doing: string])[] = [
    ["a PlanApproval", reviewOf("planapprovals", approval()), "making a PlanApproval needs"],
    [
      "the hash in a Cloud",
      reviewOf("clouds", cloud({ approvedPlan: HASH }), cloud({})),
      "setting spec.change.approvedPlan needs",
    ],
    [
      "the hash in a new Cloud",
      reviewOf("clouds", cloud({ approvedPlan: HASH })),
      "setting spec.change.approvedPlan needs",
    ],
    [
      "an approval that is not needed any more",
      reviewOf("clouds", cloud({}), cloud({ approval: "Manual" })),
      "changing spec.change.approval from Manual to Automatic needs",
    ],
    [
      "a greater impact",
      reviewOf("clouds", cloud({ approval: "ByImpact", automaticUpTo: "WritesFail" }), cloud({ approval: "ByImpact" })),
      "raising spec.change.automaticUpTo from None to WritesFail needs",
    ],
    [
      "no windows",
      reviewOf("clouds", cloud({}), cloud({ windows: [nights] })),
      "letting plans begin outside of spec.change.windows needs",
    ],
    [
      "no freeze",
      reviewOf("clouds", cloud({}), cloud({ freeze: { reason: "audit" } })),
      "ending spec.change.freeze earlier needs",
    ],
  ];
  for (const [what, asked, doing] of refusals)
    test(`is told, for ${what}, what is missing and whom to ask`, async () => {
      const world = await (await worldOf(() => false)).plan("lab-2");
      const answer = await world.write(asked);
      assert.equal(messageOf(answer), `${MAY_NOT} ${doing}. ${RULE}`);
      assert.deepEqual([answer.allowed, answer.status?.["code"], answer.status?.["reason"]], [false, 403, "Forbidden"]);
    });

  test("is refused by the second webhook too, where the first was not asked", async () => {
    const { review } = await (await worldOf(() => false)).plan("lab-2");
    const asked = reviewOf("planapprovals", approval("lab-2", HASH, stamped()));
    assert.equal(messageOf(await review.judge(asked)), `${MAY_NOT} making a PlanApproval needs. ${RULE}`);
  });

  test("still does what needs no right: the same again, stricter, paused, taken back, deleted", async () => {
    const world = await worldOf(() => assert.fail("nobody is to be asked"));
    const before = { approval: "ByImpact", approvedPlan: HASH };
    const stricter = { ...before, approval: "Manual", windows: [nights], freeze: { reason: "audit" }, paused: true };
    for (const after of [before, stricter, { approval: "ByImpact" }]) {
      const annotations = "approvedPlan" in after ? stamped() : undefined;
      assert.ok((await world.write(reviewOf("clouds", cloud(after, annotations), cloud(before, stamped())))).allowed);
    }
    const leaving = { ...cloud({}), metadata: { name: "lab", deletionTimestamp: "now" } };
    assert.ok((await world.write(reviewOf("clouds", leaving, cloud({ approval: "Manual" })))).allowed);
  });

  test("a right to one Plan is one to its hash in the Cloud", async () => {
    const world = await (
      await worldOf(({ resourceAttributes }) => resourceAttributes["name"] === "lab-2")
    ).plan("lab-2");
    assert.ok((await world.write(reviewOf("clouds", cloud({ approvedPlan: HASH }), cloud({})))).allowed);
    assert.ok(!(await world.write(reviewOf("clouds", cloud({}), cloud({ approval: "Manual" })))).allowed);
  });
});

describe("approvals of what does not wait for one", () => {
  const said = async (world: World, asked: ReturnType<typeof reviewOf>): Promise<string> => {
    const answer = await world.write(asked);
    return answer.allowed ? `allowed: ${answer.warnings?.join("; ") ?? ""}` : messageOf(answer);
  };
  const set = (hash = HASH) => reviewOf("clouds", cloud({ approvedPlan: hash }), cloud({}));
  const IN_CLOUD = "1 error in the Cloud: spec.change.approvedPlan:";
  const IN_APPROVAL = "1 error in the PlanApproval: spec.hash:";

  test("a hash of no plan, told with the plan that waits", async () => {
    const world = await worldOf();
    assert.equal(
      await said(world, set()),
      `${IN_CLOUD} no plan of Cloud lab has this hash. None waits for an approval; see them with: kubectl -n lab get plans -o wide [not-approvable]`,
    );
    await world.plan("lab-3", { hash: OTHER });
    assert.equal(
      await said(world, set()),
      `${IN_CLOUD} no plan of Cloud lab has this hash. Plan lab-3 waits for an approval, and has the hash ${OTHER} [not-approvable]`,
    );
  });

  test("a superseded plan, with the one in its place", async () => {
    const world = await (
      await worldOf()
    ).plan("lab-2", {
      phase: "Superseded",
      message: "Not carried out: the Cloud was changed",
    });
    await world.plan("lab-3", { hash: OTHER });
    const why =
      "Plan lab-2 is Superseded, and is not carried out (Not carried out: the Cloud was changed). Plan lab-3 stands in its place, see it with: underpin plan lab-3 [not-approvable]";
    assert.equal(await said(world, set()), `${IN_CLOUD} ${why}`);
    assert.equal(await said(world, reviewOf("planapprovals", approval())), `${IN_APPROVAL} ${why}`);
  });

  test("a plan of another Cloud, or in another namespace", async () => {
    const world = await (await worldOf()).plan("other-1", { cloud: "other" });
    assert.equal(
      await said(world, set()),
      `${IN_CLOUD} the hash is that of Plan other-1, which is of Cloud other and not of lab [not-approvable]`,
    );
    await world.plan("far-1", { namespace: "far", hash: OTHER });
    assert.equal(
      await said(world, set(OTHER)),
      `${IN_CLOUD} the hash is that of a plan in another namespace [not-approvable]`,
    );
    assert.equal(
      await said(world, reviewOf("planapprovals", approval("far-1", OTHER))),
      `${IN_APPROVAL} there is no Plan far-1 in namespace lab. The hash is that of a plan in another namespace. List them with: kubectl -n lab get plans -o wide [not-approvable]`,
    );
  });

  test("a Plan that is not there, has another hash, or none yet", async () => {
    const world = await (await worldOf()).plan("lab-2");
    assert.equal(
      await said(world, reviewOf("planapprovals", approval("lab-1"))),
      `${IN_APPROVAL} there is no Plan lab-1 in namespace lab. The hash is that of Plan lab-2 [not-approvable]`,
    );
    assert.equal(
      await said(world, reviewOf("planapprovals", approval("lab-2", OTHER))),
      `${IN_APPROVAL} Plan lab-2 has the hash ${HASH}, and ${OTHER} is another: what was reviewed is not this plan. See it with: underpin plan lab-2 [not-approvable]`,
    );
    await world.kube.create({
      apiVersion: API_VERSION,
      kind: "Plan",
      metadata: { name: "lab-9", namespace: "lab" },
      spec: { cloud: "lab" },
    });
    assert.equal(
      await said(world, reviewOf("planapprovals", approval("lab-9"))),
      `${IN_APPROVAL} Plan lab-9 has no hash yet: it is being made. Try again in a moment [not-approvable]`,
    );
  });

  test("a candidate, and what failed or was aborted", async () => {
    const candidate = await (await worldOf()).plan("lab-2", { spec: { candidate: { release: "2025.1" } } });
    assert.equal(
      await said(candidate, set()),
      `${IN_CLOUD} Plan lab-2 is a candidate: it is planned, and never carried out [not-approvable]`,
    );
    for (const phase of ["Failed", "Aborted"] as const)
      assert.equal(
        await said(await (await worldOf()).plan("lab-2", { phase }), set()),
        `${IN_CLOUD} Plan lab-2 is ${phase}, and is not carried out [not-approvable]`,
      );
  });

  test("a plan that runs or has run: a Cloud's file that goes back to it is right, and is told", async () => {
    for (const phase of ["Running", "Paused", "Succeeded"] as const) {
      const world = await (await worldOf()).plan("lab-2", { phase });
      assert.equal(
        await said(world, set()),
        `allowed: spec.change.approvedPlan: Plan lab-2 was approved already: it is ${phase} [not-approvable]`,
      );
      assert.match(await said(world, reviewOf("planapprovals", approval())), /^allowed: spec\.hash: Plan lab-2 was/);
    }
  });

  test("a Cloud that is made again from its file is made, and told", async () => {
    assert.match(
      await said(await worldOf(), reviewOf("clouds", cloud({ approvedPlan: HASH }))),
      /^allowed: spec\.change\.approvedPlan: no plan of Cloud lab has this hash\./,
    );
  });

  test("a change that brings the hash of its own plan is made, and told; who may not approve may not bring one", async () => {
    const change = { ...cloud({ approvedPlan: HASH }), spec: { release: "2026.1", change: { approvedPlan: HASH } } };
    const asked = reviewOf("clouds", change, cloud({}));
    assert.match(
      await said(await worldOf(), asked),
      /^allowed: spec\.change\.approvedPlan: no plan of Cloud lab has this hash\./,
    );
    assert.match(await said(await worldOf(() => false), asked), /^jane may not approve/);
    const drift = {
      ...cloud({}),
      spec: { release: "2025.1", drift: { default: "Report" }, change: { approvedPlan: HASH } },
    };
    assert.match(
      await said(await worldOf(), reviewOf("clouds", drift, cloud({}))),
      /no plan of Cloud lab has this hash/,
    );
    assert.doesNotMatch(await said(await worldOf(), reviewOf("clouds", drift, cloud({}))), /^allowed/);
  });

  test("of two plans with one hash the one that waits is meant", async () => {
    const world = await (await worldOf()).plan("lab-1", { phase: "Failed" });
    await world.plan("lab-2");
    assert.equal(await said(world, set()), "allowed: ");
  });

  test("a policy that the API server cannot judge", async () => {
    const windows = [
      { ...nights, schedule: "0 22 30 2 *" },
      { ...nights, timeZone: "Mars/Phobos" },
    ];
    assert.equal(
      await said(await worldOf(), reviewOf("clouds", cloud({ windows }))),
      '2 errors in the Cloud: spec.change.windows[0].schedule: "0 22 30 2 *": The window never opens, since this day never comes. Example: schedule: "0 22 * * 1-5" [never-opens]; spec.change.windows[1].timeZone: "Mars/Phobos": There is no time zone of this name in the IANA database. Example: timeZone: Europe/Berlin [unknown-time-zone]',
    );
    const frozen = { windows: [nights], freeze: { reason: "audit" } };
    assert.match(
      await said(await worldOf(), reviewOf("clouds", cloud(frozen), cloud({}))),
      /^allowed: spec\.change\.freeze: The freeze has no end/,
    );
  });

  test("what is no review has no answer, and neither has what the API server does not say", async () => {
    const { review } = await worldOf();
    for (const body of [undefined, {}, { request: {} }, reviewOf("pods", cloud({}))])
      for (const answer of [review.judge(body), review.stamp(body)]) await assert.rejects(answer, BadReviewError);
    const silent = new ApprovalReview({ client: new FakeKube(), now: () => NOW });
    await assert.rejects(silent.stamp(reviewOf("planapprovals", approval())), /no kind Plan/);
    await assert.rejects(
      silent.judge(reviewOf("clouds", cloud({}), cloud({ approval: "Manual" }))),
      /subjectaccessreviews/,
    );
  });
});

const arbitraryChange = fc.record(
  {
    approval: fc.constantFrom("Automatic" as const, "Manual" as const, "ByImpact" as const),
    automaticUpTo: fc.constantFrom("None" as const, "ReadsSlow" as const, "WritesFail" as const),
    windows: fc.subarray([
      nights,
      { ...nights, name: "short", duration: "30m" },
      { name: "noon", schedule: "0 12 * * *", duration: "2h" },
      { name: "midday", schedule: "0 12 * * *", duration: "1h59m", timeZone: "Etc/UTC" },
    ]),
    freeze: fc.record(
      {
        reason: fc.constant("audit"),
        until: fc.constantFrom("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
      },
      { requiredKeys: ["reason"], noNullPrototype: true },
    ),
  },
  { requiredKeys: [], noNullPrototype: true },
);

test("of the roles for people one may approve, and it is part of no other; none may write what the operator says", () => {
  const rolesWith = (verb: string, resource: string): string[] =>
    PEOPLE_ROLES.filter(({ rules }) =>
      rules.some((rule) => rule.verbs.includes(verb) && rule.resources.includes(resource)),
    ).map(({ name }) => name);
  assert.deepEqual(rolesWith("approve", "plans"), ["underpin-approver"]);
  assert.deepEqual(rolesWith("get", "plans"), ["underpin-viewer", "underpin-approver"]);
  assert.deepEqual(rolesWith("patch", "plans/status"), []);
  assert.deepEqual(
    PEOPLE_ROLES.map(({ aggregateTo }) => aggregateTo),
    [["view", "edit", "admin"], []],
  );
});

describe("what loosens a policy", () => {
  const read = (value: unknown): ChangePolicy => change.parse(value);

  test("where nothing is said of it, whatever had to wait still waits", () => {
    const summary = fc.record({
      impact: fc.record({ level: fc.constantFrom(...IMPACT_LEVELS) }),
      database: fc.boolean(),
      dataAtRisk: fc.constantFrom([], ["PersistentVolumeClaim/lab/data"]),
    });
    const later = fc.date({ min: NOW, max: new Date("2027-02-01T00:00:00Z"), noInvalidDate: true });
    let kept = 0;
    fc.assert(
      fc.property(arbitraryChange, arbitraryChange, summary, later, (before, after, told, now) => {
        if (loosened(before, after, NOW).length > 0) return;
        kept += 1;
        const asked = { summary: told, plan: "lab-2", hash: HASH, approvals: [], now };
        if (decide({ ...asked, policy: read(before) }).type === "run") return;
        assert.equal(decide({ ...asked, policy: read(after) }).type, "wait");
      }),
      { numRuns: 3000 },
    );
    assert.ok(kept > 100, `only ${kept} pairs told something`);
  });

  test("the same again does not, nor does anything where nothing had to wait", () => {
    fc.assert(
      fc.property(arbitraryChange, (value) => {
        assert.deepEqual(loosened(value, structuredClone(value), NOW), []);
        assert.deepEqual(loosened(undefined, value, NOW), []);
      }),
    );
  });

  test("each way is told", () => {
    const freeze = { reason: "audit", until: "2026-12-01T00:00:00Z" };
    const words = (before: object, after: object) => loosened(before, after, NOW);
    assert.deepEqual(words({ approval: "ByImpact", windows: [nights], freeze }, {}), [
      "changing spec.change.approval from ByImpact to Automatic",
      "letting plans begin outside of spec.change.windows",
      "ending spec.change.freeze earlier",
    ]);
    assert.equal(
      words({ windows: [nights] }, { windows: [nights, { ...nights, name: "b", duration: "5h" }] }).length,
      1,
    );
    assert.equal(words({ windows: [nights] }, { windows: [{ ...nights, timeZone: "Etc/UTC" }] }).length, 1);
    assert.equal(words({ windows: [nights] }, { windows: [{ ...nights, name: "renamed", duration: "2h" }] }).length, 0);
    assert.equal(words({ freeze: { reason: "audit" } }, { freeze }).length, 1);
    assert.equal(words({ freeze: { ...freeze, until: "2026-11-01T00:00:00Z" } }, {}).length, 0);
    assert.equal(words({ approval: "Perhaps" }, {}).length, 1);
  });
});
