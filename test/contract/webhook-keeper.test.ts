// The operator's own side of the webhook on a real API server, with the operator's rights and no others.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CLI_FIELD_MANAGER, SYSTEM_NAMESPACE } from "../../src/api/names.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { fieldAt, type KubeObject } from "../../src/kube/types.ts";
import type { WebhookState } from "../../src/operator/cloud-admission.ts";
import { ApprovalReview } from "../../src/operator/approvals/review.ts";
import { operatorManifests } from "../../src/operator/install.ts";
import { CONFIGURATION_REF, SECRET_REF, STAMP_REF, WebhookKeeper } from "../../src/operator/webhook-keeper.ts";
import { probeWebhook } from "../../src/operator/webhook-probe.ts";
import { WebhookServer } from "../../src/operator/webhook-server.ts";
import { type ApiServer, binaries, OPERATOR_TOKEN, startApiServer } from "./api-server.ts";

const bin = binaries();
const DAY = 86_400_000;

describe(
  "the webhook's keeper on a real API server",
  { skip: bin === undefined ? "kube-apiserver and etcd are not there" : false },
  () => {
    let api: ApiServer;
    let admin: KubeClient;
    let operator: KubeClient;
    let server: WebhookServer;
    let port = 0;
    let now = Date.now();
    const states: WebhookState[] = [];

    before(async () => {
      api = await startApiServer(bin ?? "");
      admin = createClient(api.config);
      operator = createClient({ ...api.config, token: () => Promise.resolve(OPERATOR_TOKEN) });
      const install = operatorManifests({ operatorImage: "x", images: {}, crds: [], cloudRules: [] });
      for (const manifest of install) await admin.apply(manifest, { fieldManager: CLI_FIELD_MANAGER });
      await listen();
    });

    after(async () => {
      await server?.close();
      await Promise.all([operator?.close(), admin?.close()]);
      await api?.stop();
    });

    async function listen(): Promise<void> {
      const approvals = new ApprovalReview({ client: operator });
      server = new WebhookServer({ host: "127.0.0.1", port, judge: () => Promise.resolve([]), approvals });
      port = await server.listen();
    }

    function keeper(): WebhookKeeper {
      return new WebhookKeeper({
        client: operator,
        server,
        clusterDomain: "cluster.local",
        probe: probeWebhook(port, "127.0.0.1"),
        onState: (state) => states.push(state),
        onWrite: () => undefined,
        now: () => now,
      });
    }

    const bundle = (configuration: KubeObject | undefined): string => {
      const [webhook] = (fieldAt(configuration, "webhooks") ?? []) as { clientConfig: { caBundle: string } }[];
      return Buffer.from(webhook?.clientConfig.caBundle ?? "", "base64").toString("utf8");
    };
    const count = (pem: string): number => pem.split("BEGIN CERTIFICATE").length - 1;

    test("a certificate, then an answer, then the configuration, owned by the operator's namespace", async () => {
      assert.equal(await admin.get(CONFIGURATION_REF), undefined);
      await keeper().reconcile();
      assert.deepEqual(
        states.map(({ reason }) => reason),
        ["WebhookAnswers"],
      );
      const namespace = await admin.get({ apiVersion: "v1", kind: "Namespace", name: SYSTEM_NAMESPACE });
      for (const ref of [CONFIGURATION_REF, STAMP_REF]) {
        const configuration = await admin.get(ref);
        const [owner] = (configuration?.metadata["ownerReferences"] ?? []) as { uid: string }[];
        assert.equal(owner?.uid, namespace?.metadata.uid);
        assert.equal(count(bundle(configuration)), 1);
      }
    });

    test("another pass, and another operator, change nothing", async () => {
      const versions = async (): Promise<unknown[]> =>
        Promise.all(
          [SECRET_REF, CONFIGURATION_REF, STAMP_REF].map(
            async (ref) => (await admin.get(ref))?.metadata.resourceVersion,
          ),
        );
      const before = await versions();
      await keeper().reconcile();
      assert.deepEqual(await versions(), before);
    });

    test("what somebody deleted or changed comes back", async () => {
      for (const ref of [CONFIGURATION_REF, STAMP_REF]) {
        await admin.delete(ref);
        await keeper().reconcile();
        assert.ok((await admin.get(ref)) !== undefined);
        const open = { op: "replace", path: "/webhooks/0/failurePolicy", value: "Ignore" } as const;
        await admin.patch(ref, { type: "json", value: [open] });
        await keeper().reconcile();
        const [webhook] = fieldAt(await admin.get(ref), "webhooks") as { failurePolicy: string }[];
        assert.equal(webhook?.failurePolicy, "Fail");
      }
      await admin.delete(SECRET_REF);
      await keeper().reconcile();
      assert.equal(states.at(-1)?.reason, "WebhookAnswers");
    });

    test("the certificate is renewed in time, and then the authority, whose forerunner is believed on", async () => {
      const certificate = async (): Promise<unknown> => fieldAt(await admin.get(SECRET_REF), "data", "tls.crt");
      const first = await certificate();
      const one = keeper();
      now += 200 * DAY;
      await one.reconcile();
      assert.equal(await certificate(), first);
      now += 60 * DAY;
      await one.reconcile();
      assert.notEqual(await certificate(), first);
      assert.equal(count(bundle(await admin.get(CONFIGURATION_REF))), 1);
      now += 2400 * DAY;
      await one.reconcile();
      for (const ref of [CONFIGURATION_REF, STAMP_REF]) assert.equal(count(bundle(await admin.get(ref))), 2);
      now = Date.now();
    });

    test("a loss is told when it lasts, and its end", async () => {
      await admin.delete(SECRET_REF);
      const one = keeper();
      await one.reconcile();
      await server.close();
      const told = states.length;
      await one.reconcile();
      assert.equal(states.length, told);
      now += 20_000;
      await one.reconcile();
      assert.equal(states.at(-1)?.reason, "WebhookLost");
      assert.match(states.at(-1)?.message ?? "", /ECONNREFUSED/);
      await listen();
      await keeper().reconcile();
      assert.equal(states.at(-1)?.answers, true);
    });

    test("the operator may touch no other configuration and no other Secret", async () => {
      const forbidden = async (work: Promise<unknown>): Promise<boolean> => {
        const error = await work.then(
          () => undefined,
          (caught: unknown) => caught,
        );
        return error instanceof KubeError && error.status === 403;
      };
      const options = { fieldManager: "test" };
      const named = (ref: typeof SECRET_REF, name: string) => ({ ...ref, name });
      for (const ref of [CONFIGURATION_REF, STAMP_REF]) {
        const { apiVersion, kind } = ref;
        assert.ok(
          await forbidden(operator.apply({ apiVersion, kind, metadata: { name: "other" }, webhooks: [] }, options)),
        );
        assert.ok(await forbidden(operator.delete(ref)));
        assert.ok(await forbidden(operator.list({ apiVersion, kind })));
      }
      assert.ok(await forbidden(operator.get(named(SECRET_REF, "other"))));
      assert.ok(await forbidden(operator.list({ apiVersion: "v1", kind: "Secret", namespace: SYSTEM_NAMESPACE })));
      const own = {
        apiVersion: "v1",
        kind: "Secret",
        namespace: SYSTEM_NAMESPACE,
        fieldSelector: `metadata.name=${SECRET_REF.name}`,
      };
      assert.equal((await operator.list(own)).items.length, 1);
    });
  },
);
