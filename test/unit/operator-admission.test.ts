import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Finding } from "../../src/api/walk.ts";
import { fieldAt } from "../../src/kube/types.ts";
import { answerReview, BadReviewError, warningTexts } from "../../src/operator/admission.ts";
import { CloudAdmission } from "../../src/operator/cloud-admission.ts";
import { planCertificate, servingFrom } from "../../src/operator/webhook-certificate.ts";
import { OptionsJudge } from "../../src/options/index.ts";
import { CLOUD, World } from "./operator-harness.ts";

const finding = (over: Partial<Finding>): Finding => ({
  path: "spec.compute.pools.0.options.DEFAULT.debug",
  severity: "error",
  code: "value",
  message: "no",
  ...over,
});

const review = (object: unknown, oldObject?: unknown): unknown => ({
  request: {
    uid: "u",
    operation: oldObject === undefined ? "CREATE" : "UPDATE",
    name: "laptop",
    object,
    oldObject: oldObject ?? null,
  },
});

const judged =
  (...findings: Finding[]) =>
  () =>
    Promise.resolve(findings);
const never = () => assert.fail("it was judged");
const cloud = (spec: object, metadata: object = {}): unknown => ({ metadata, spec });

describe("the answer to a review", () => {
  test("all errors are causes with Kubernetes' own places, and in the message", async () => {
    const more = finding({ path: "spec.services.nova.options.x", code: "unknown", message: "none" });
    const answer = await answerReview(review(cloud({})), judged(finding({}), more));
    assert.equal(answer.allowed, false);
    assert.equal(answer.status?.["code"], 422);
    const { causes } = (answer.status ?? {})["details"] as { causes: { field: string; message: string }[] };
    assert.deepEqual(
      causes.map(({ field, message }) => `${field} ${message}`),
      ["spec.compute.pools[0].options.DEFAULT.debug no [value]", "spec.services.nova.options.x none [unknown]"],
    );
    assert.match(String(answer.status?.["message"]), /^2 errors .*pools\[0\].*services\.nova\.options\.x/);
  });

  test("of very many errors the first are told, and their number", async () => {
    const answer = await answerReview(review(cloud({})), judged(...Array.from({ length: 5000 }, () => finding({}))));
    assert.match(String(answer.status?.["message"]), /^5000 errors .*and 4900 more$/);
    assert.ok(JSON.stringify(answer).length < 50_000);
  });

  test("warnings fit into what the API server lets through, in one line each", () => {
    const long = finding({ severity: "warning", message: `${"x".repeat(400)}\n\u0000\u001b[31m` });
    const texts = warningTexts(Array.from({ length: 60 }, () => long));
    assert.ok(texts.every((text) => text.length <= 256 && !/\p{Cc}/u.test(text)));
    assert.ok(texts.join("").length <= 4096);
    assert.match(texts.at(-1) ?? "", /^\d+ more warnings; .*underpin check/);
    assert.deepEqual(warningTexts([]), []);
  });

  test("warnings alone do not refuse", async () => {
    const answer = await answerReview(review(cloud({})), judged(finding({ severity: "warning" })));
    assert.deepEqual([answer.allowed, answer.warnings?.length], [true, 1]);
  });

  test("what is leaving, and what changes nothing that is judged, is let pass unseen", async () => {
    const spec = { release: "2025.1", services: { nova: { options: { a: { b: 1 } } } } };
    assert.ok((await answerReview(review(cloud(spec, { deletionTimestamp: "now" })), never)).allowed);
    const other = { ...spec, network: { mtu: 9000 }, services: { nova: { ...spec.services.nova, replicas: 3 } } };
    assert.ok((await answerReview(review(cloud(other), cloud(spec)), never)).allowed);
    const changed = { ...spec, release: "2026.1" };
    assert.equal((await answerReview(review(cloud(changed), cloud(spec)), judged(finding({})))).allowed, false);
  });

  test("what is no review is refused as that, and what cannot be judged has no answer", async () => {
    for (const body of [undefined, null, 1, "x", [], {}, { request: {} }])
      await assert.rejects(answerReview(body, never), BadReviewError);
    await assert.rejects(
      answerReview(review(cloud({})), () => Promise.reject(new Error("damaged"))),
      /damaged/,
    );
  });
});

describe("the certificate of the webhook", () => {
  const request = { name: "", commonName: "webhook", dnsNames: ["webhook"], ipAddresses: [] };

  test("a Secret that serves is kept; one that does not is made anew", async () => {
    const first = await planCertificate({}, request);
    assert.ok(first.secret !== undefined);
    const again = await planCertificate(first.secret, request);
    assert.equal(again.secret, undefined);
    assert.equal(again.serving.certificate, first.serving.certificate);
    assert.deepEqual(servingFrom(first.secret), again.serving);
    for (const key of Object.keys(first.secret)) {
      const { [key]: _lost, ...rest } = first.secret;
      assert.ok((await planCertificate(rest, request)).secret !== undefined, key);
    }
    const other = await planCertificate(first.secret, { ...request, dnsNames: ["other"] });
    assert.ok(other.secret !== undefined && other.serving.caBundle === first.serving.caBundle);
    assert.ok((await planCertificate({ ...first.secret, "tls.crt": "nonsense" }, request)).secret !== undefined);
    assert.equal(servingFrom({}), undefined);
  });
});

describe("a Cloud that was stored while nobody judged it", () => {
  let world: World;
  let admission: CloudAdmission;
  const judge = new OptionsJudge();

  before(async () => {
    world = new World();
    await world.found({ services: { nova: { options: { DEFAULT: { debug: "maybe" } } } } });
    admission = new CloudAdmission((one) => judge.judge(one));
    await world.start({ admission });
  });

  after(() => world.stop());

  interface Condition {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }

  async function condition(type: string): Promise<Condition | undefined> {
    const list = fieldAt(await world.cloud(), "status", "conditions") as readonly Condition[];
    return list.find((one) => one.type === type);
  }

  test("it is not carried out, and its status names what is wrong", async () => {
    await world.settle();
    assert.deepEqual(world.written(), []);
    const stalled = await condition("Stalled");
    assert.deepEqual([stalled?.status, stalled?.reason], ["True", "OptionsRefused"]);
    assert.match(stalled?.message ?? "", /spec\.services\.nova\.options\.DEFAULT\.debug: Allowed: .*\[value\]/);
    assert.equal(await condition("Admission"), undefined);
  });

  test("it goes on when the option is right", async () => {
    const value = { spec: { services: { nova: { options: { DEFAULT: { debug: true } } } } } };
    await world.asOthers(() => world.kube.patch(CLOUD, { type: "merge", value }));
    await world.settle();
    assert.equal((await condition("Ready"))?.status, "True");
  });

  test("that the webhook is lost is in its status, and not that it is wrong", async () => {
    const lost = { answers: false, reason: "WebhookLost", message: "it does not answer" } as const;
    assert.ok(admission.learn(lost));
    assert.ok(!admission.learn({ ...lost }));
    await world.settle();
    assert.deepEqual([(await condition("Admission"))?.status, (await condition("Ready"))?.status], ["False", "True"]);
    assert.ok(admission.learn({ answers: true, reason: "WebhookAnswers", message: "it does" }));
    await world.settle();
    assert.equal((await condition("Admission"))?.status, "True");
    await world.start();
    await world.settle();
    assert.equal((await condition("Admission"))?.status, "True", "another operator does not forget it");
  });
});
