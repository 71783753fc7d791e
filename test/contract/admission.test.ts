// The webhook on a real API server: what it refuses, what it says, and in whose way it does not stand.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { CLI_FIELD_MANAGER, FINALIZER, WEBHOOK_CONFIGURATION } from "../../src/api/names.ts";
import { exec, ExecError } from "../../src/host/exec.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { fieldAt, type KubeObject } from "../../src/kube/types.ts";
import type { KeyPair } from "../../src/desired/certificates.ts";
import { ApprovalReview } from "../../src/operator/approvals/review.ts";
import { authorityIssuer, createAuthority } from "../../src/operator/issuer.ts";
import { webhookConfiguration } from "../../src/operator/webhook-config.ts";
import { WebhookServer } from "../../src/operator/webhook-server.ts";
import { OptionsJudge } from "../../src/options/index.ts";
import { smallestCloud } from "../unit/arbitrary-cloud.ts";
import { type ApiServer, binaries, startApiServer } from "./api-server.ts";

const bin = binaries();
const CLOUD = { apiVersion: "underpin.dev/v1alpha1", kind: "Cloud", namespace: "laptop", name: "laptop" };
const REQUEST = { name: "", commonName: "webhook", dnsNames: [], ipAddresses: ["127.0.0.1"] };

describe(
  "admission on a real API server",
  { skip: bin === undefined ? "kube-apiserver and etcd are not there" : false },
  () => {
    let server: ApiServer;
    let kube: KubeClient;
    let webhook: WebhookServer | undefined;
    let folder: string;
    let authority: KeyPair;
    let port = 0;
    const answers: string[] = [];

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "admission-contract-"));
      server = await startApiServer(bin ?? "");
      kube = createClient(server.config);
      await writeFile(join(folder, "kubeconfig"), server.kubeconfig);
      await kube.apply(
        { apiVersion: "v1", kind: "Namespace", metadata: { name: "laptop" } },
        { fieldManager: CLI_FIELD_MANAGER },
      );
      for (const crd of customResourceDefinitions()) await kube.apply(crd, { fieldManager: CLI_FIELD_MANAGER });
      authority = await createAuthority("webhook");
      await startWebhook();
      await configure();
      await asked();
    });

    after(async () => {
      await webhook?.close();
      await kube?.close();
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    async function startWebhook(): Promise<void> {
      const judge = new OptionsJudge();
      webhook = new WebhookServer({
        host: "127.0.0.1",
        port,
        judge: (cloud) => judge.judge(cloud),
        approvals: new ApprovalReview({ client: kube }),
        onAnswer: (result) => answers.push(result),
      });
      port = await webhook.listen();
      webhook.use(await (await authorityIssuer(authority)).issue(REQUEST));
    }

    async function stopWebhook(): Promise<void> {
      await webhook?.close();
      webhook = undefined;
    }

    async function configure(): Promise<void> {
      const url = `https://127.0.0.1:${port}`;
      await kube.apply(webhookConfiguration(authority.certificate, { url }), { fieldManager: "test", force: true });
    }

    /** The API server learns of a configuration a moment after it is written or deleted. */
    async function asked(expected = true): Promise<void> {
      for (const until = Date.now() + 60_000; Date.now() < until;) {
        const refused = await refusal(() => create({ nova: { options: { nothing: { at: 1 } } } }, true));
        if ((refused?.includes("denied") === true) === expected) return;
        await new Promise((done) => setTimeout(done, 100));
      }
      assert.fail(`the API server ${expected ? "does not ask" : "still asks"} the webhook`);
    }

    function cloud(services: object, metadata: object = {}): KubeObject {
      const base = smallestCloud() as { metadata: object; spec: object };
      return {
        ...base,
        metadata: { ...base.metadata, name: "laptop", namespace: "laptop", ...metadata },
        spec: { ...base.spec, services },
      } as unknown as KubeObject;
    }

    const create = (services: object, dryRun = false): Promise<KubeObject> => kube.create(cloud(services), { dryRun });

    async function refusal(work: () => Promise<unknown>): Promise<string | undefined> {
      try {
        await work();
        return undefined;
      } catch (error) {
        if (error instanceof KubeError) return error.message;
        throw error;
      }
    }

    async function fresh(services: object = {}): Promise<void> {
      if (await kube.delete(CLOUD)) await merge({ metadata: { finalizers: [] } }).catch(() => undefined);
      await create(services);
    }

    const options = (value: unknown): object => ({ nova: { options: { DEFAULT: { cpu_allocation_ratio: value } } } });

    const merge = (value: Record<string, unknown>, subresource?: "status"): Promise<KubeObject> =>
      kube.patch(CLOUD, { type: "merge", value }, subresource === undefined ? {} : { subresource });

    /** What kubectl says, and whether it was content. */
    async function kubectl(...args: string[]): Promise<{ done: boolean; stderr: string }> {
      const all = ["--kubeconfig", join(folder, "kubeconfig"), "-n", "laptop", ...args];
      try {
        return { done: true, stderr: (await exec(join(bin ?? "", "kubectl"), all)).stderr };
      } catch (error) {
        if (error instanceof ExecError) return { done: false, stderr: error.stderr };
        throw error;
      }
    }

    async function file(name: string, object: unknown): Promise<string> {
      const path = join(folder, name);
      await writeFile(path, JSON.stringify(object));
      return path;
    }

    test("a wrong Cloud is refused with all that is wrong, as an invalid object", async () => {
      const services = {
        nova: { options: { DEFAULT: { debug: "maybe", my_ip: "10.0.0.1" } } },
        glance: { options: { x: { y: 1 } } },
      };
      const error = await create(services).then(
        () => assert.fail("it was taken"),
        (caught: unknown) => caught,
      );
      assert.ok(error instanceof KubeError);
      assert.equal(error.status, 422);
      for (const part of ["nova.options.DEFAULT.debug", "nova.options.DEFAULT.my_ip", "glance.options.x.y"])
        assert.match(error.message, new RegExp(part.replaceAll(".", "\\.")));
    });

    test("kubectl prints each error with its place, and each warning", async () => {
      const wrong = await file("wrong.json", cloud({ ...options(-1), compute: undefined }));
      const refused = await kubectl("create", "-f", wrong);
      assert.ok(!refused.done);
      assert.match(
        refused.stderr,
        /spec\.services\.nova\.options\.DEFAULT\.cpu_allocation_ratio: Allowed: .*\[value\]/,
      );
      const right = await file("right.json", cloud({ nova: { options: { DEFAULT: { max_concurrent_builds: 10 } } } }));
      const taken = await kubectl("create", "--dry-run=server", "-f", right);
      assert.ok(taken.done, taken.stderr);
      assert.match(
        taken.stderr,
        /^Warning: spec\.services\.nova\.options\.DEFAULT\.max_concurrent_builds: .*\[equals-default\]/m,
      );
    });

    test("by server-side apply, by raw PATCH and by update alike", async () => {
      await fresh();
      const applied = await kubectl("apply", "--server-side", "-f", await file("apply.json", cloud(options("x"))));
      assert.match(applied.stderr, /\[value\]/);
      assert.match((await refusal(() => merge({ spec: { services: options("x") } }))) ?? "", /\[value\]/);
      const path = "/spec/services";
      const json = () => kube.patch(CLOUD, { type: "json", value: [{ op: "add", path, value: options("x") }] });
      assert.match((await refusal(json)) ?? "", /\[value\]/);
      const replaced = await kubectl("replace", "-f", await file("replace.json", cloud(options("x"))));
      assert.match(replaced.stderr, /\[value\]/);
      await merge({ spec: { services: options(4) } });
    });

    test("it is asked only when release, images or options change", async () => {
      await fresh(options(4));
      const before = answers.length;
      await merge({ metadata: { labels: { a: "b" }, finalizers: [FINALIZER] } });
      await merge({ spec: { network: { mtu: 9000 }, change: { paused: true } } });
      await merge({ spec: { services: { nova: { replicas: 2 } } } });
      await merge({ status: { phase: "Ready" } }, "status");
      assert.equal(answers.length, before);
      const changes = [
        { services: options(5) },
        { images: { registry: "registry.example/underpin" } },
        { compute: { pools: [{ name: "std", options: { DEFAULT: { debug: true } } }] } },
        { services: { keystone: { components: [{ name: "api", replicas: 2 }] } } },
        { services: { nova: { options: null } } },
      ];
      for (const spec of changes) {
        const count = answers.length;
        await merge({ spec });
        // A write that meets another one is tried again by the server, and then asks again.
        assert.ok(answers.length > count, JSON.stringify(spec));
      }
      await merge({ metadata: { finalizers: [] } });
    });

    test("while it is away: what changes options is refused, and everything else passes", async () => {
      await fresh(options(4));
      await merge({ metadata: { finalizers: [FINALIZER] } });
      await stopWebhook();
      try {
        assert.match((await refusal(() => merge({ spec: { services: options(5) } }))) ?? "", /failed calling webhook/);
        assert.match((await refusal(() => create(options(5), true))) ?? "", /failed calling webhook|already exists/);
        await merge({ metadata: { annotations: { a: "b" } } });
        await merge({ spec: { change: { paused: true } } });
        await merge({ status: { phase: "Stalled" } }, "status");
        await kube.apply(
          { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "other", namespace: "laptop" } },
          { fieldManager: "test" },
        );
        await kube.delete(CLOUD);
        await merge({ metadata: { finalizers: [] } });
        assert.equal(await kube.get(CLOUD), undefined);
      } finally {
        await startWebhook();
      }
    });

    test("a Cloud of many options does not cost the conditions their budget", async () => {
      const group = Object.fromEntries(Array.from({ length: 4000 }, (_, at) => [`option_${at}`, `value ${at}`]));
      await kube.delete({
        apiVersion: "admissionregistration.k8s.io/v1",
        kind: "ValidatingWebhookConfiguration",
        name: WEBHOOK_CONFIGURATION,
      });
      await kube.delete(CLOUD);
      await asked(false);
      await fresh({ nova: { uncheckedOptions: { vendor: group } } });
      await configure();
      await asked();
      const count = answers.length;
      await merge({ metadata: { annotations: { a: "c" } } });
      assert.equal(answers.length, count);
      await kube.delete(CLOUD);
    });

    test("another certificate of the same authority is served without a restart", async () => {
      webhook?.use(await (await authorityIssuer(authority)).issue(REQUEST));
      assert.match((await refusal(() => create(options("x"), true))) ?? "", /\[value\]/);
      const foreign = await authorityIssuer(await createAuthority("foreign"));
      const issued = await foreign.issue(REQUEST);
      await stopWebhook();
      await startWebhook();
      webhook?.use(issued);
      assert.match((await refusal(() => create(options("x"), true))) ?? "", /failed calling webhook.*certificate/);
      webhook?.use(await (await authorityIssuer(authority)).issue(REQUEST));
      assert.match((await refusal(() => create(options("x"), true))) ?? "", /\[value\]/);
      assert.equal(fieldAt(await kube.get(CLOUD), "metadata", "name"), undefined);
    });
  },
);
