// The commands around plans on a real API server: what they write, who then owns it, and what they refuse.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { cloudRef, readCloud } from "../../src/api/cloud.ts";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { API_VERSION } from "../../src/api/names.ts";
import { agreeUp } from "../../src/cli/agreement.ts";
import { loadCloud } from "../../src/cli/cloud-file.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { fieldAt, type KubeObject } from "../../src/kube/types.ts";
import { cloudNamespaceManifests, operatorManifests } from "../../src/operator/install.ts";
import { everyRule } from "../../src/operator/rbac-rules.ts";
import { contentConfigMaps, packContent } from "../../src/plan/content.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedInput, LAPTOP } from "../unit/build-input.ts";
import { storedPlan } from "../unit/stored-plans.ts";
import { type ApiServer, binaries, OPERATOR_TOKEN, startApiServer } from "./api-server.ts";

const bin = binaries();
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const REF = cloudRef(LAPTOP.metadata);
const CHANGE = { fieldManager: "test" };

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

describe(
  "commands around plans on a real API server",
  { skip: bin === undefined ? "kube-apiserver and etcd are not there" : false, timeout: 480_000 },
  () => {
    let server: ApiServer;
    let kube: KubeClient;
    let folder: string;
    let file: string;
    let plan: Plan;
    let images: Readonly<Record<string, string>>;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "plan-commands-"));
      file = join(folder, "cloud.yaml");
      server = await startApiServer(bin ?? "");
      await writeFile(join(folder, "kubeconfig"), server.kubeconfig, { mode: 0o600 });
      const config = JSON.parse(server.kubeconfig) as { users: object[] };
      config.users = [{ name: "u", user: { token: OPERATOR_TOKEN } }];
      await writeFile(join(folder, "other-user"), JSON.stringify(config), { mode: 0o600 });
      kube = createClient(server.config);
      images = fixedInput(await loadWorkloads()).images;
      const crds = customResourceDefinitions();
      const install = operatorManifests({
        operatorImage: images["operator"] ?? "",
        images,
        crds,
        cloudRules: await everyRule(),
      });
      for (const object of [...install, ...cloudNamespaceManifests(LAPTOP.metadata)]) await kube.apply(object, CHANGE);
      const labels = { "underpin.dev/cloud": "laptop.laptop" };
      await kube.apply({ apiVersion: "v1", kind: "Node", metadata: { name: "n1", labels } }, CHANGE);
      const status = { addresses: [{ type: "InternalIP", address: "10.90.0.11" }] };
      const node = { apiVersion: "v1", kind: "Node", name: "n1" };
      await kube.patch(node, { type: "merge", value: { status } }, { subresource: "status" });
      for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
        const kinds = ["Cloud", "Plan", "PlanApproval", "Hypervisor"];
        const served = await Promise.allSettled(kinds.map((kind) => kube.list({ apiVersion: API_VERSION, kind })));
        if (served.every((one) => one.status === "fulfilled")) break;
      }
    });

    after(async () => {
      await kube?.close();
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    function run(args: readonly string[], config = "kubeconfig"): Outcome {
      const command = ["src/cli/main.ts", ...args, "--kubeconfig", join(folder, config)];
      const { status, stdout, stderr } = spawnSync(process.execPath, command, {
        cwd: ROOT,
        encoding: "utf8",
        maxBuffer: 1e8,
        stdio: ["ignore", "pipe", "pipe"],
      });
      return { code: status, out: stdout, err: stderr };
    }

    /** What a shell proposes for the last word. */
    function completed(...words: string[]): string {
      const env = {
        PATH: process.env["PATH"],
        KUBECONFIG: join(folder, "kubeconfig"),
        UNDERPIN_STATE: join(folder, "state"),
      };
      const command = ["src/cli/main.ts", "__complete", ...words];
      return spawnSync(process.execPath, command, { cwd: ROOT, encoding: "utf8", env }).stdout;
    }

    async function fileSays(spec: object): Promise<void> {
      const { name, namespace } = LAPTOP.metadata;
      const { apiVersion, kind } = LAPTOP;
      await writeFile(
        file,
        JSON.stringify({ apiVersion, kind, metadata: { name, namespace }, spec: { ...LAPTOP.spec, ...spec } }),
      );
    }

    async function stored(): Promise<KubeObject> {
      const cloud = await kube.get(REF);
      assert.ok(cloud !== undefined);
      return cloud;
    }

    /** Who owns fields beside those of the status. */
    function appliers(object: KubeObject): string[] {
      const entries = fieldAt(object, "metadata", "managedFields") as {
        readonly manager: string;
        readonly operation: string;
        readonly subresource?: string;
      }[];
      return entries
        .filter(({ subresource }) => subresource === undefined)
        .map(({ manager, operation }) => `${operation} ${manager}`)
        .toSorted();
    }

    /** A Plan as the operator leaves it, with what it led from and to. */
    async function planOf(
      name: string,
      status: Readonly<Record<string, unknown>>,
      specs: { before?: object; after: object },
    ): Promise<void> {
      const { uid } = (await stored()).metadata;
      const ownerReferences = [{ apiVersion: API_VERSION, kind: "Cloud", name: "laptop", uid: uid ?? "" }];
      const metadata = {
        name,
        namespace: "laptop",
        ownerReferences,
        labels: { "app.kubernetes.io/instance": "laptop" },
      };
      const made = await kube.apply(
        { apiVersion: API_VERSION, kind: "Plan", metadata, spec: { cloud: "laptop" } },
        CHANGE,
      );
      const filled = (spec: object) => readCloud({ ...LAPTOP, spec: { ...LAPTOP.spec, ...spec } }).spec;
      const from = specs.before === undefined ? {} : { before: filled(specs.before) };
      const content = { formatVersion: 1, plan: { ...plan, steps: [] }, ...from, after: filled(specs.after) } as const;
      const packed = packContent(content, { prefix: name });
      const owner = { namespace: "laptop", name, uid: made.metadata.uid ?? "" };
      for (const part of contentConfigMaps(packed, owner)) await kube.apply(part, CHANGE);
      const chunks = packed.chunks.map((chunk) => chunk.name);
      const whole = { ...storedPlan(status, name).status, content: { hash: packed.hash, chunks } };
      const ref = { apiVersion: API_VERSION, kind: "Plan", namespace: "laptop", name };
      await kube.patch(ref, { type: "merge", value: { status: whole } }, { subresource: "status" });
    }

    /** What `up` would write, and what it asked before. */
    async function up(more: { images?: Readonly<Record<string, string>>; plan?: string } = {}) {
      const asked: string[] = [];
      let out = "";
      const written = await agreeUp({
        kube,
        loaded: await loadCloud(file),
        images,
        yes: false,
        out: (text) => void (out += text),
        ask: (question) => Promise.resolve(void asked.push(question)),
        ...more,
      });
      return { written, asked: asked.length, out };
    }

    test("up asks nothing before a first Cloud, and knows no plan of it", async () => {
      await fileSays({});
      assert.deepEqual((await up()).asked, 0);
      await assert.rejects(up({ plan: "0".repeat(64) }), /no plan that could have been reviewed/);
    });

    test("apply asks before a Cloud is made, and makes it by server-side apply; again it writes nothing", async () => {
      await fileSays({});
      const silent = run(["apply", "-f", file]);
      assert.equal(silent.code, 1);
      assert.match(silent.err, /^error: There is no terminal to ask on, and nothing was changed\n {2}next: .*--yes/);
      assert.equal(await kube.get(REF), undefined);
      const made = run(["apply", "-f", file, "--yes"]);
      assert.equal(made.code, 0, made.err);
      assert.match(
        made.out,
        /a new cloud: \d+ workloads[^]*Cloud laptop\/laptop is written\.\n {2}next +underpin watch/,
      );
      const cloud = await stored();
      assert.deepEqual(appliers(cloud), ["Apply underpin-cli"]);
      const again = run(["apply", "-f", file]);
      assert.deepEqual([again.code, again.out], [0, "Cloud laptop/laptop is as the file says: nothing was changed.\n"]);
      assert.equal((await stored()).metadata.resourceVersion, cloud.metadata.resourceVersion);
    });

    test("apply --plan writes only the plan that was reviewed, and approves it with it", async () => {
      await fileSays({ services: { glance: { replicas: 2 } } });
      const before = await stored();
      const reviewed = run(["plan", "-f", file, "-o", "json"]);
      plan = JSON.parse(reviewed.out) as Plan;
      for (const [hash, code] of [
        ["0".repeat(64), 1],
        [plan.hash.slice(0, 12), 2],
      ] as const) {
        const wrong = run(["apply", "-f", file, "--plan", hash]);
        assert.equal(wrong.code, code, wrong.err);
        assert.match(wrong.err, code === 1 ? /is not 000000000000 any more/ : /is no hash of a plan/);
      }
      assert.equal((await stored()).metadata.resourceVersion, before.metadata.resourceVersion);
      const right = run(["apply", "-f", file, "--plan", plan.hash]);
      assert.equal(right.code, 0, right.err);
      const cloud = await stored();
      assert.deepEqual(fieldAt(cloud, "spec", "change"), { approvedPlan: plan.hash });
      assert.equal(fieldAt(cloud, "spec", "services", "glance", "replicas"), 2);
      assert.equal(cloud.metadata.generation, (before.metadata.generation ?? 0) + 1, "one change");
      assert.equal((JSON.parse(run(["plan", "-f", file, "-o", "json"]).out) as Plan).hash, plan.hash);
      assert.match(run(["apply", "-f", file]).out, /nothing was changed/);
      assert.equal((await stored()).metadata.resourceVersion, cloud.metadata.resourceVersion);
    });

    test("apply that has nothing to write says that the Cloud is paused, and that is no failure", async () => {
      const { metadata } = await stored();
      const paused = {
        type: "Paused",
        status: "True",
        reason: "Paused",
        message: "",
        lastTransitionTime: "2026-01-01T00:00:00Z",
      };
      const say = (conditions: readonly object[]) =>
        kube.patch(
          REF,
          { type: "merge", value: { status: { observedGeneration: metadata.generation, conditions } } },
          { subresource: "status" },
        );
      await say([paused]);
      const told = run(["apply", "-f", file]);
      assert.equal(told.code, 0, told.err);
      assert.match(
        told.out,
        /nothing was changed\.\nCloud laptop\/laptop is paused: [^]*\n {2}next +Set spec\.change\.paused to false/,
      );
      await say([]);
    });

    test("up asks nothing where nothing changes, and asks for another file and for other images", async () => {
      const same = await up();
      assert.equal(same.asked, 0);
      assert.equal(fieldAt(same.written, "spec", "change", "approvedPlan"), plan.hash, "an approval stays");
      const newer = { ...images, glance: "example.org/glance:2", openstack: "example.org/openstack:2" };
      const upgrade = await up({ images: newer });
      assert.equal(upgrade.asked, 1);
      assert.match(upgrade.out, /Cloud laptop\/laptop, plan [0-9a-f]{12}\n/);
      await assert.rejects(up({ images: newer, plan: plan.hash }), /is not [0-9a-f]{12} any more/);
      await fileSays({ services: { glance: { replicas: 3 } } });
      const changed = await up();
      assert.equal(changed.asked, 1);
      assert.match(changed.out, /^THE CLOUD\n {2}services\.glance\.replicas: 2 → 3\n/);
    });

    test("what changes no object is told by its fields, and asked for too", async () => {
      await fileSays({ services: { glance: { replicas: 2 } }, deletionPolicy: "Delete" });
      const asked = run(["apply", "-f", file]);
      assert.equal(asked.code, 1);
      assert.match(asked.out, /^THE CLOUD\n {2}deletionPolicy: "Retain" → "Delete"\n/);
      assert.equal(fieldAt(await stored(), "spec", "deletionPolicy"), undefined);
    });

    test("apply tells what the API server refuses before it asks", async () => {
      await fileSays({ region: "Elsewhere", services: { glance: { replicas: 2 } } });
      const wrong = run(["apply", "-f", file]);
      assert.equal(wrong.code, 1);
      assert.match(wrong.err, /^error: The API server refuses to change the Cloud: .*region.*\n {2}next: /i);
      assert.equal(wrong.out, "");
    });

    test("a Cloud whose namespace is not there is told how to make one", async () => {
      const metadata = { name: "other", namespace: "nowhere" };
      await writeFile(file, JSON.stringify({ ...LAPTOP, metadata }));
      const wrong = run(["apply", "-f", file, "--yes"]);
      assert.equal(wrong.code, 1);
      assert.match(wrong.err, /^error: The cluster is not prepared for this Cloud: [^]*\n {2}next: .*underpin up -f/);
    });

    test("approve writes the hash that was shown, once; who has no right is told so", async () => {
      await planOf("laptop-2-aaaaaaaa", { phase: "Pending" }, { after: {} });
      const hash = storedPlan().status?.hash ?? "";
      const other = run(["approve", "laptop-2-aaaaaaaa", "--yes"], "other-user");
      assert.equal(other.code, 1, other.err);
      assert.match(
        other.err,
        /^error: The API server refuses to approve the plan: [^]*cannot create[^]*\n {2}next: .*"approve" on plans/,
      );
      assert.equal((await kube.list({ apiVersion: API_VERSION, kind: "PlanApproval" })).items.length, 0);
      assert.equal(run(["approve", "laptop-2-aaaaaaaa", "--hash", "f".repeat(12), "--yes"]).code, 1);
      assert.equal(run(["approve", "laptop-2-aaaaaaab", "--yes"]).code, 2);
      assert.equal(run(["approve", "laptop-2-aaaaaaaa"]).code, 1, "nobody can be asked");
      assert.match(completed("approve", "lap"), /^laptop-2-aaaaaaaa\t/m);
      assert.doesNotMatch(completed("resume", "lap"), /laptop-2/, "it does not run");
      const done = run(["approve", "laptop-2-aaaaaaaa", "--hash", hash.slice(0, 12), "--yes"]);
      assert.equal(done.code, 0, done.err);
      assert.match(run(["approve", "laptop-2-aaaaaaaa", "--yes"]).out, /was approved before/);
      const { items } = await kube.list({ apiVersion: API_VERSION, kind: "PlanApproval", namespace: "laptop" });
      assert.deepEqual(
        items.map((item) => fieldAt(item, "spec")),
        [{ plan: "laptop-2-aaaaaaaa", hash }],
      );
    });

    test("pause, resume and abort change what the Plan is told", async () => {
      await planOf("laptop-3-bbbbbbbb", { phase: "Running" }, { after: {} });
      const ref = { apiVersion: API_VERSION, kind: "Plan", namespace: "laptop", name: "laptop-3-bbbbbbbb" };
      for (const [args, action] of [
        [["pause"], "Pause"],
        [["resume"], "Run"],
        [["abort", "--yes"], "Abort"],
      ] as const) {
        const { code, err } = run([...args, "laptop-3-bbbbbbbb"]);
        assert.equal(code, 0, err);
        assert.equal(fieldAt(await kube.get(ref), "spec", "action"), action);
      }
      assert.equal(run(["resume", "laptop-3-bbbbbbbb"]).code, 1);
      await kube.delete(ref);
    });

    test("undo leads back what the plan changed, keeps what came since, and leaves the fields to whom they belong", async () => {
      const was = { services: { glance: { replicas: 1 } } };
      const made = { services: { glance: { replicas: 2 }, nova: { options: { DEFAULT: { debug: true } } } } };
      await planOf("laptop-4-cccccccc", { phase: "Succeeded" }, { before: was, after: made });
      await fileSays({ services: { ...made.services, placement: { replicas: 2 } } });
      assert.equal(run(["apply", "-f", file, "--yes"]).code, 0);
      const silent = run(["undo", "laptop-4-cccccccc"]);
      assert.equal(silent.code, 1);
      assert.match(silent.out, /services\.glance\.replicas: 2 → 1[^]*services\.nova\.options\.DEFAULT/);
      const back = run(["undo", "laptop-4-cccccccc", "--yes"]);
      assert.equal(back.code, 0, back.err);
      const cloud = await stored();
      assert.deepEqual(fieldAt(cloud, "spec", "services", "glance"), { replicas: 1 });
      assert.equal(fieldAt(cloud, "spec", "services", "nova", "options", "DEFAULT", "debug"), undefined);
      assert.equal(fieldAt(cloud, "spec", "services", "placement", "replicas"), 2);
      assert.deepEqual(appliers(cloud), ["Apply underpin-cli"]);
      assert.match(
        run(["undo", "laptop-4-cccccccc", "--yes"]).out,
        /as it was before plan laptop-4-cccccccc: nothing to do/,
      );
      await fileSays({ services: { glance: { replicas: 3 } } });
      assert.equal(run(["apply", "-f", file, "--yes"]).code, 0, "and the file is applied as ever");
      const conflict = run(["undo", "laptop-4-cccccccc", "--yes"]);
      assert.equal(conflict.code, 1);
      assert.match(conflict.err, /spec\.services\.glance\.replicas: is 3; the plan made it 2, and before it was 1/);
    });

    test("undo refuses what no way leads back from", async () => {
      await planOf("laptop-5-dddddddd", { phase: "Succeeded" }, { after: {} });
      assert.match(
        run(["undo", "laptop-5-dddddddd", "--yes"]).err,
        /nothing was there before it\n {2}next: .*underpin down/,
      );
      const summary = { ...storedPlan().status?.summary, takenBack: "No: volumes are deleted" };
      await planOf("laptop-6-eeeeeeee", { phase: "Succeeded", summary }, { before: {}, after: { region: "West" } });
      assert.match(run(["undo", "laptop-6-eeeeeeee", "--yes"]).err, /cannot be taken back\. No: volumes are deleted/);
      await planOf("laptop-7-ffffffff", { phase: "Succeeded" }, { before: {}, after: {} });
      assert.match(run(["undo", "laptop-7-ffffffff", "--yes"]).err, /changed nothing of what the Cloud says/);
      assert.match(run(["undo", "laptop-2-aaaaaaaa", "--yes"]).err, /cannot be taken back: it waits/);
    });

    test("a Cloud that is applied from elsewhere is led back there: it is told what to write", async () => {
      const options = (debug: boolean) => ({ services: { keystone: { options: { DEFAULT: { debug } } } } });
      const { name, namespace } = LAPTOP.metadata;
      const object = {
        apiVersion: LAPTOP.apiVersion,
        kind: LAPTOP.kind,
        metadata: { name, namespace },
        spec: options(true),
      };
      await kube.apply(object, { fieldManager: "argocd-controller" });
      await planOf("laptop-8-01234567", { phase: "Succeeded" }, { before: options(false), after: options(true) });
      const version = (await stored()).metadata.resourceVersion;
      const refused = run(["undo", "laptop-8-01234567", "--yes"]);
      assert.equal(refused.code, 1);
      assert.match(refused.err, /is applied by argocd-controller[^]*underpin undo laptop-8-01234567 -o yaml/);
      const told = run(["undo", "laptop-8-01234567", "-o", "yaml"]);
      assert.equal(told.code, 0, told.err);
      assert.deepEqual(fieldAt(parse(told.out), "spec"), options(false));
      assert.equal((await stored()).metadata.resourceVersion, version);
    });

    test("undo takes back by hand what was set by hand", async () => {
      const change = (replicas: number | null) =>
        ({ type: "merge", value: { spec: { services: { neutron: { replicas } } } } }) as const;
      await kube.patch(REF, change(2), { fieldManager: "kubectl-patch" });
      await planOf(
        "laptop-9-89abcdef",
        { phase: "Aborted" },
        { before: {}, after: { services: { neutron: { replicas: 2 } } } },
      );
      const { code, err } = run(["undo", "laptop-9-89abcdef", "--yes"]);
      assert.equal(code, 0, err);
      assert.equal(fieldAt(await stored(), "spec", "services", "neutron", "replicas"), undefined);
    });

    test("history lists them, diff compares two, and a broken content is told", async () => {
      const history = run(["history"]);
      assert.equal(history.code, 0, history.err);
      for (const name of ["laptop-2-aaaaaaaa", "laptop-4-cccccccc"]) assert.match(history.out, new RegExp(name));
      assert.equal(run(["history", "--since", "sometime"]).code, 2);
      const { entries } = JSON.parse(run(["history", "--since", "1h", "-o", "json"]).out) as { entries: object[] };
      assert.ok(entries.length >= 6);
      const diff = run(["diff", "laptop-4-cccccccc", "laptop-8-01234567"]);
      assert.equal(diff.code, 0, diff.err);
      assert.match(diff.out, /THE CLOUD THAT THEY LEAD TO\n[^]*services\.glance\.replicas: 2 → \(none\)/);
      const json = JSON.parse(run(["diff", "laptop-4-cccccccc", "laptop-8-01234567", "-o", "json"]).out) as {
        objects: [];
      };
      assert.deepEqual(json.objects, []);
      const { items } = await kube.list({ apiVersion: "v1", kind: "ConfigMap", namespace: "laptop" });
      const part = items.find(({ metadata }) => metadata.name.startsWith("laptop-4-cccccccc-"));
      await kube.delete({ apiVersion: "v1", kind: "ConfigMap", namespace: "laptop", name: part?.metadata.name ?? "" });
      const broken = run(["diff", "laptop-4-cccccccc", "laptop-8-01234567"]);
      assert.equal(broken.code, 1);
      assert.match(
        broken.err,
        /^error: Plan laptop-4-cccccccc: The content of the plan cannot be read: part 1 of 1 is missing\n {2}next: /,
      );
    });
  },
);
