// Changes that nobody planned, made by real tools on a real API server: seen, told with their maker, and put back.
import assert from "node:assert/strict";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { readCloud } from "../../src/api/cloud.ts";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { LABEL, MANAGED_BY } from "../../src/api/names.ts";
import { exec } from "../../src/host/exec.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { type Desired, fieldAt, type KubeObject, type ObjectRef, refOf } from "../../src/kube/types.ts";
import { CloudScope } from "../../src/operator/cloud-scope.ts";
import { DRIFT_KEY, DRIFT_NAME, type DriftRecord, readDrift } from "../../src/plan/drift.ts";
import type { Facts, Manifest } from "../../src/workloads/contract.ts";
import { smallestCloud } from "../unit/arbitrary-cloud.ts";
import { type ApiServer, binaries, startApiServer } from "./api-server.ts";

const bin = binaries();
const CLOUD = { name: "laptop", namespace: "laptop" };
const labels = { [LABEL.managedBy]: MANAGED_BY, [LABEL.instance]: "laptop" };

function deployment(name: string): Manifest {
  const match = { app: name };
  const container = { name: "api", image: "example.org/api:1", env: [{ name: "A", value: "1" }] };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace: "laptop", labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: match },
      template: { metadata: { labels: match }, spec: { containers: [container] } },
    },
  };
}

function configMap(name: string): Manifest {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "laptop", labels }, data: { a: "1" } };
}

describe(
  "drift on a real API server",
  { skip: bin === undefined ? "kube-apiserver and etcd are not there" : false },
  () => {
    let server: ApiServer;
    let kube: KubeClient;
    let folder: string;
    let scope: CloudScope;
    let passes = 0;
    const told: DriftRecord[] = [];
    const errors: string[] = [];

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "drift-contract-"));
      server = await startApiServer(bin ?? "");
      kube = createClient(server.config);
      await writeFile(join(folder, "kubeconfig"), server.kubeconfig, { mode: 0o600 });
      for (const name of ["laptop", "laptop-nodes"])
        await kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name } });
      for (const crd of customResourceDefinitions()) await kube.apply(crd, { fieldManager: "test" });
      scope = new CloudScope(CLOUD, {
        client: kube,
        gateway: undefined,
        onChange: () => (passes += 1),
        onError: (where, error) => errors.push(`${where}: ${String(error)}`),
        onWrite: () => undefined,
        onDrift: (record) => told.push(record),
      });
      await scope.start();
      use({});
    });

    after(async () => {
      await scope?.close();
      await kube?.close();
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    /** Begins a pass with this policy. */
    function use(drift: object): void {
      const cloud = readCloud({ ...smallestCloud(), spec: { release: "2025.1", drift } });
      scope.use(cloud, {} as Facts);
    }

    async function kubectl(...args: string[]): Promise<string> {
      const editor = join(folder, "editor");
      await writeFile(editor, '#!/bin/sh\nsed -i "s/example.org\\/api:1/example.org\\/edited:1/" "$1"\n');
      await chmod(editor, 0o700);
      const all = ["--kubeconfig", join(folder, "kubeconfig"), "-n", "laptop", ...args];
      return (await exec(join(bin ?? "", "kubectl"), all, { env: { ...process.env, KUBE_EDITOR: editor } })).stdout;
    }

    async function made(manifest: Manifest): Promise<ObjectRef> {
      await scope.ports().ensure(manifest, false);
      await kept(manifest);
      return refOf(manifest);
    }

    /** Passes until the object is as it should be, and stays so. */
    async function kept(manifest: Manifest): Promise<KubeObject> {
      for (const until = Date.now() + 60_000; Date.now() < until; await sleep(20)) {
        await scope.ports().ensure(manifest, true);
        const live = await kube.get(refOf(manifest));
        if (live !== undefined && scope.applier.open(manifest, live).length === 0) return live;
      }
      return assert.fail(`${manifest.kind} ${manifest.metadata.name} is not put back`);
    }

    async function lastTold(since: number): Promise<DriftRecord> {
      for (const until = Date.now() + 60_000; Date.now() < until; await sleep(20)) {
        const record = told[since];
        if (record !== undefined) return record;
      }
      return assert.fail("nothing is told");
    }

    const REPLICAS = "spec.replicas";
    const IMAGE = "spec.template.spec.containers[api].image";
    const ENV = "spec.template.spec.containers[api].env[B]";
    const WAYS: readonly (readonly [args: readonly string[], manager: string, paths: readonly string[]])[] = [
      [["scale", "deployment/NAME", "--replicas=3"], "kubectl", [REPLICAS]],
      [["edit", "deployment/NAME"], "kubectl-edit", [IMAGE]],
      [["set", "image", "deployment/NAME", "api=example.org/other:1"], "kubectl-set", [IMAGE]],
      [["set", "env", "deployment/NAME", "B=2"], "kubectl-set", [ENV]],
      [["patch", "deployment/NAME", "-p", '{"spec":{"replicas":4}}'], "kubectl-patch", [REPLICAS]],
      [
        ["label", "deployment/NAME", `${LABEL.instance}=other`, "--overwrite"],
        "kubectl-label",
        [`metadata.labels.${LABEL.instance}`],
      ],
      [["label", "deployment/NAME", `${LABEL.managedBy}-`], "unknown", [`metadata.labels.${LABEL.managedBy}`]],
      [["delete", "deployment/NAME"], "unknown", []],
    ];

    for (const [index, [args, manager, paths]] of WAYS.entries()) {
      test(`kubectl ${args.join(" ")} is put back and told`, async () => {
        const manifest = deployment(`way-${index}`);
        await made(manifest);
        const [since, before] = [told.length, Date.now()];
        await kubectl(...args.map((arg) => arg.replace("NAME", manifest.metadata.name)));
        const changed = Date.now();
        // The watch tells when it is time; `ensure` is what a pass does then.
        await kept(manifest);
        const record = await lastTold(since);
        assert.equal(record.manager, manager);
        assert.equal(record.object, `Deployment/laptop/${manifest.metadata.name}`);
        assert.equal(record.deleted === true, args[0] === "delete");
        assert.deepEqual(
          record.fields.map(({ path }) => path),
          paths,
        );
        assert.ok(Date.parse(record.time) >= before - 1000 && Date.parse(record.time) <= changed + 60_000);
        // The API server keeps no time of who scales.
        assert.equal(record.managerTime !== undefined, manager !== "unknown" && args[0] !== "scale");
        await sleep(50);
        await kept(manifest);
        assert.equal(told.length, since + 1, "it is told once");
      });
    }

    test("another controller that applies its own fields, and ours as they are, is left in peace", async () => {
      const manifest = configMap("shared");
      const ref = await made(manifest);
      const since = told.length;
      const theirs: Desired = {
        ...manifest,
        metadata: { ...manifest.metadata, annotations: { "example.org/theirs": "1" } },
      };
      const { metadata } = await kube.apply(theirs, { fieldManager: "other" });
      await sleep(100);
      await scope.ports().ensure(manifest, true);
      assert.equal((await kube.get(ref))?.metadata.resourceVersion, metadata.resourceVersion, "not written");
      assert.equal(told.length, since);
      const forced = { ...theirs, data: { a: "2" } };
      await kube.apply(forced, { fieldManager: "other", force: true });
      await sleep(100);
      const live = await kept(manifest);
      assert.equal(live.metadata.annotations?.["example.org/theirs"], "1", "what is theirs stays");
      const { manager, fields } = await lastTold(since);
      assert.deepEqual([manager, fields], ["other", [{ path: "data.a", was: "1", is: "2" }]]);
    });

    test("an autoscaler is told by its name, and is repaired at longer and longer intervals", async () => {
      const manifest = deployment("scaled");
      const ref = await made(manifest);
      const since = told.length;
      const path = "/apis/apps/v1/namespaces/laptop/deployments/scaled/scale";
      // Five are repaired, however late the watch tells of one, and three are not.
      for (let [times, waits] = [0, 0]; waits < 3 && times < 40; times += 1) {
        if (told.length >= since + 5) waits += 1;
        const live = (await kube.raw({ method: "GET", path, idempotent: true })) as { spec: object };
        const body = { ...live, spec: { replicas: 5 } };
        await kube.raw({ method: "PUT", path: `${path}?fieldManager=autoscaler`, body, idempotent: false });
        await sleep(100);
        await scope.ports().ensure(manifest, true);
      }
      assert.equal(fieldAt(await kube.get(ref), "spec", "replicas"), 5, "the sixth waits");
      await lastTold(since + 4);
      assert.equal(told.length, since + 5);
      assert.deepEqual([told.at(-1)?.manager, told.at(-1)?.fight], ["autoscaler", true]);
      const open = scope.drift.open().find(({ record }) => record.object === "Deployment/laptop/scaled");
      assert.equal(open?.why, "Fought");
    });

    test("Report leaves it, tells it once, and Repair puts it back", async () => {
      const manifest = deployment("left");
      const ref = await made(manifest);
      const since = told.length;
      await kubectl("scale", "deployment/left", "--replicas=3");
      const version = (await kube.get(ref))?.metadata.resourceVersion;
      const report = { kinds: [{ kind: "Deployment", action: "Report" }] };
      // It may take more looks until the watch has told of it.
      for (let times = 0; times < 5 || (told.length === since && times < 600); times += 1) {
        use(report);
        await sleep(50);
        await scope.ports().ensure(manifest, true);
      }
      assert.equal((await kube.get(ref))?.metadata.resourceVersion, version, "not written");
      assert.deepEqual(
        scope.drift.open().flatMap(({ record, why }) => (record.object.endsWith("/left") ? [why] : [])),
        ["Left"],
      );
      assert.equal((await lastTold(since)).action, "Reported");
      assert.equal(told.length, since + 1);
      use({});
      await kept(manifest);
      assert.equal((await lastTold(since + 1)).action, "Repaired");
    });

    for (const [what, value] of [
      ["always sets the same", "4"],
      ["sets another value each time", "oldObject.spec.replicas + 1"],
    ] as const) {
      test(`an admission policy that ${what} is told once, and is not written against`, async () => {
        const name = value === "4" ? "meddled-fixed" : "meddled-more";
        const manifest = deployment(name);
        const ref = await made(manifest);
        await policy(name, value);
        await effective(ref);
        const since = told.length;
        const written = async () => (await kube.get(ref))?.metadata.generation ?? 0;
        const before = await written();
        for (let times = 0; times < 12; times += 1) {
          await scope.ports().ensure(manifest, true);
          await sleep(60);
        }
        assert.ok((await written()) - before <= 1, `${(await written()) - before} writes`);
        const { manager, action, fields } = await lastTold(since);
        assert.equal(told.length, since + 1);
        assert.deepEqual([manager, action], ["admission", "Reported"]);
        assert.deepEqual(
          fields.map(({ path }) => path),
          [REPLICAS],
        );
        use({ default: "Report" });
        await scope.ports().ensure(manifest, true);
        assert.deepEqual(
          scope.drift.open().filter(({ record }) => record.object.endsWith(name)),
          [],
        );
        use({});
      });
    }

    async function policy(name: string, value: string): Promise<void> {
      const apiVersion = "admissionregistration.k8s.io/v1";
      const rule = { apiGroups: ["apps"], apiVersions: ["v1"], operations: ["UPDATE"], resources: ["deployments"] };
      const expression = `[JSONPatch{op: "replace", path: "/spec/replicas", value: ${value}}]`;
      await kube.create({
        apiVersion,
        kind: "MutatingAdmissionPolicy",
        metadata: { name },
        spec: {
          matchConstraints: { resourceRules: [rule] },
          matchConditions: [{ name: "name", expression: `object.metadata.name == "${name}"` }],
          failurePolicy: "Fail",
          reinvocationPolicy: "Never",
          mutations: [{ patchType: "JSONPatch", jsonPatch: { expression } }],
        },
      });
      await kube.create({
        apiVersion,
        kind: "MutatingAdmissionPolicyBinding",
        metadata: { name },
        spec: { policyName: name },
      });
    }

    /** Waits until the policy has changed what somebody else wrote. */
    async function effective(ref: ObjectRef): Promise<void> {
      for (let count = 0; count < 100; count += 1) {
        const value = { metadata: { annotations: { "example.org/count": String(count) } } };
        const live = await kube.patch(ref, { type: "merge", value }, { fieldManager: "somebody" });
        if (fieldAt(live, "spec", "replicas") !== 1) return;
        await sleep(100);
      }
      assert.fail("the policy has no effect");
    }

    test("all of it stands in the records", async () => {
      await scope.drift.close();
      assert.deepEqual(
        errors.filter((error) => error.startsWith("drift")),
        [],
      );
      const text = fieldAt(
        await kube.get({ apiVersion: "v1", kind: "ConfigMap", namespace: "laptop", name: DRIFT_NAME }),
        "data",
        DRIFT_KEY,
      );
      const records = readDrift(String(text));
      const key = ({ object, action, manager }: DriftRecord): string => `${object} ${action} ${manager}`;
      assert.deepEqual(new Set(records.map(key)), new Set(told.map(key)));
      assert.equal(
        records.reduce((sum, { count = 1 }) => sum + count, 0),
        told.length,
        "every one is counted",
      );
      assert.ok(passes > 0);
    });
  },
);
