// What moves the hash of a plan on a real API server, and what does not; and what a snapshot of it tells.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { readCloud } from "../../src/api/cloud.ts";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { GROUP, LABEL, MANAGED_BY } from "../../src/api/names.ts";
import { captureCloud } from "../../src/desired/capture.ts";
import { planCloud, type PlanOptions } from "../../src/desired/plan-cloud.ts";
import { planOffline } from "../../src/desired/plan-offline.ts";
import { Releases } from "../../src/desired/release-facts.ts";
import { readSnapshot, secretText } from "../../src/desired/snapshot.ts";
import { parseSnapshot, snapshotText } from "../../src/desired/snapshot-file.ts";
import { readState, specHash, STATE_NAME } from "../../src/desired/state.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { fieldAt, type KubeObject, refOf } from "../../src/kube/types.ts";
import { operatorManifests } from "../../src/operator/install.ts";
import { writeState } from "../../src/operator/state.ts";
import { contentConfigMaps, packContent } from "../../src/plan/content.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { arbitraryCloud } from "../unit/arbitrary-cloud.ts";
import { fixedInput, LAPTOP } from "../unit/build-input.ts";
import { carryOutCloud, prepareCluster } from "../unit/cloud-cluster.ts";
import { type ApiServer, binaries, startApiServer } from "./api-server.ts";

const bin = binaries();
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const EDITS = Number(process.env["PLAN_EDITS"] ?? 30);
const SPECS = Number(process.env["PLAN_CHANGES"] ?? 20);
const CLOUD = { apiVersion: `${GROUP}/v1alpha1`, kind: "Cloud", namespace: "laptop", name: "laptop" };
const KINDS: readonly (readonly [apiVersion: string, kind: string])[] = [
  ["v1", "ConfigMap"],
  ["v1", "Secret"],
  ["v1", "Service"],
  ["apps/v1", "Deployment"],
  ["apps/v1", "StatefulSet"],
  ["apps/v1", "DaemonSet"],
  ["batch/v1", "Job"],
  ["policy/v1", "PodDisruptionBudget"],
];
const BOOKS = ["underpin-state", "underpin-inventory", "underpin-vault", "underpin-drift", "underpin-witness"];

function cloudOf(spec: object) {
  const { name, namespace } = LAPTOP.metadata;
  return { ...LAPTOP, metadata: { name, namespace }, spec: { ...LAPTOP.spec, ...spec } };
}

/** What a plan says of objects, without the hashes in names: those that follow from secrets are others offline. */
function told({ objects }: Plan): string[] {
  const plain = (key: string): string => key.replace(/-[0-9a-f]{10}$/, "");
  return objects.map(
    ({ type, key, fields }) =>
      `${type} ${plain(key)} ${fields
        .map(({ path }) => path)
        .toSorted()
        .join(" ")}`,
  );
}

describe(
  "the ground of a plan on a real API server",
  { skip: bin === undefined ? "kube-apiserver and etcd are not there" : false },
  () => {
    let server: ApiServer;
    let kube: KubeClient;
    let folder: string;
    let options: PlanOptions;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "plan-ground-"));
      server = await startApiServer(bin ?? "");
      await writeFile(join(folder, "kubeconfig"), server.kubeconfig, { mode: 0o600 });
      kube = createClient(server.config);
      for (const crd of customResourceDefinitions()) await kube.apply(crd, { fieldManager: "test" });
      for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
        const served = await kube.list({ apiVersion: CLOUD.apiVersion, kind: "Hypervisor" }).catch(() => undefined);
        if (served !== undefined) break;
      }
      await prepareCluster(kube, cloudOf({}), ["n1"]);
      const workloads = await loadWorkloads();
      const { images } = fixedInput(workloads);
      const releases = new Releases(() => undefined);
      options = {
        client: kube,
        workloads,
        images,
        clusterDomain: "cluster.local",
        operator: "operator:1",
        catalogue: "c",
        releases,
      };
    });

    after(async () => {
      await kube?.close();
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    const plan = (spec: object = {}): Promise<Plan> => planCloud(readCloud(cloudOf(spec)), options);

    async function store(spec: object): Promise<KubeObject> {
      const { apiVersion, kind, metadata, spec: whole } = cloudOf(spec);
      const object = { apiVersion, kind, metadata, spec: whole };
      return kube.apply(object, { fieldManager: "user", force: true });
    }

    async function ours(): Promise<readonly KubeObject[]> {
      const labelSelector = `${LABEL.managedBy}=${MANAGED_BY}`;
      const lists = ["laptop", "laptop-nodes"].flatMap((namespace) =>
        KINDS.map(async ([apiVersion, kind]) => {
          const { items } = await kube.list({ apiVersion, kind, namespace, labelSelector });
          return items.map((item): KubeObject => ({ ...item, apiVersion, kind }));
        }),
      );
      return (await Promise.all(lists)).flat().filter(({ metadata }) => !BOOKS.includes(metadata.name));
    }

    test("the first plan has one hash, whatever addresses the API server foretells", async () => {
      const hashes = new Set<string>();
      for (let turn = 0; turn < 5; turn += 1) hashes.add((await plan()).hash);
      assert.equal(hashes.size, 1);
    });

    test("a Cloud as it is written and as the API server stores it stand for one plan", async () => {
      await fc.assert(
        fc.asyncProperty(arbitraryCloud(), async (written) => {
          const stored = await kube.apply(written as KubeObject, { fieldManager: "user", dryRun: true });
          assert.equal(specHash(readCloud(stored).spec), specHash(readCloud(written).spec));
        }),
        { numRuns: 60 },
      );
    });

    test("the generation is that in which the spec outside spec.change changed", async () => {
      const first = await plan();
      const stored = await store({});
      assert.equal((await plan()).hash, first.hash, "what was planned is what is stored");
      const known = { namespace: "laptop", name: "laptop" };
      await carryOutCloud(kube, readCloud(stored), options);
      const state = readState(
        await kube.get({ apiVersion: "v1", kind: "ConfigMap", namespace: "laptop", name: STATE_NAME }),
      );
      const seen = { spec: specHash(readCloud(stored).spec), generation: stored.metadata.generation ?? 0 };
      await writeState(kube, known, { ...state, seen });
      const { hash } = await plan();
      const approved = await store({ change: { approval: "Manual", approvedPlan: hash } });
      assert.notEqual(approved.metadata.generation, stored.metadata.generation);
      assert.equal((await plan()).hash, hash);
      assert.equal((await plan({ change: { approval: "Manual", approvedPlan: hash } })).hash, hash);
      const services = { glance: { replicas: 2 } };
      const candidate = await plan({ services });
      await store({ services, change: { approvedPlan: candidate.hash } });
      assert.equal((await plan({ services })).hash, candidate.hash, "the approved candidate is stored as it was");
      assert.notEqual((await plan({})).hash, hash, "what was there is a new generation again");
      const last = await store({});
      await writeState(kube, known, { ...state, seen: { spec: seen.spec, generation: last.metadata.generation ?? 0 } });
    });

    test(`${EDITS} edits of others' fields and of status move nothing`, { timeout: 300_000 }, async () => {
      const { hash } = await plan();
      const all = (await ours()).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
      const edit = fc.record({
        at: fc.nat(all.length - 1),
        how: fc.constantFrom("annotation", "label", "status", "key", "finalizer"),
        value: fc.stringMatching(/^[a-z]{1,8}$/),
      });
      for (const { at, how, value } of fc.sample(edit, { numRuns: EDITS, seed: 7 })) {
        const object = all[at] ?? assert.fail();
        await strangers(object, how, value);
        assert.equal((await plan()).hash, hash, `${how} of ${object.kind} ${object.metadata.name}`);
      }
      console.log(`# ${EDITS} edits of others among ${all.length} objects: one hash`);
    });

    /** As somebody else's program edits what it owns. */
    async function strangers(object: KubeObject, how: string, value: string): Promise<void> {
      const ref = refOf(object);
      const fieldManager = { fieldManager: `manager-${value}` };
      if (how === "status" && ["Deployment", "StatefulSet", "DaemonSet"].includes(object.kind)) {
        const status = object.kind === "DaemonSet" ? { numberReady: value.length } : { replicas: value.length };
        await kube.patch(ref, { type: "merge", value: { status } }, { subresource: "status", ...fieldManager });
      } else if (how === "key" && object.kind === "ConfigMap" && object["immutable"] !== true) {
        await kube.patch(ref, { type: "merge", value: { data: { [`theirs-${value}`]: value } } }, fieldManager);
      } else if (how === "finalizer" && object.kind === "Service") {
        const finalizers = [`example.org/${value}`];
        await kube.patch(ref, { type: "merge", value: { metadata: { finalizers } } }, fieldManager);
      } else if (how === "label") {
        await kube.patch(ref, { type: "merge", value: { metadata: { labels: { theirs: value } } } }, fieldManager);
      } else {
        const annotations = { "example.org/seen": value };
        await kube.patch(ref, { type: "merge", value: { metadata: { annotations } } }, fieldManager);
      }
    }

    test("what is written down beside the Cloud's objects moves nothing", async () => {
      const found = await plan();
      const content = { formatVersion: 1, plan: found, after: readCloud(cloudOf({})).spec } as const;
      const packed = packContent(content, { prefix: "laptop-1" });
      const books = contentConfigMaps(packed, {
        namespace: "laptop",
        name: "laptop-1",
        uid: "00000000-0000-4000-8000-000000000009",
      });
      const labels = { [LABEL.managedBy]: MANAGED_BY, [LABEL.instance]: "laptop" };
      const note = (name: string) => ({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name, namespace: "laptop", labels },
        data: { a: "1" },
      });
      const made = { fieldManager: "underpin-operator", force: true };
      for (const one of [...books, note("underpin-drift"), note("underpin-witness")]) await kube.apply(one, made);
      const event = { apiVersion: "v1", kind: "Event", metadata: { name: "e", namespace: "laptop", labels } };
      await kube.create({
        ...event,
        involvedObject: { kind: "Cloud", namespace: "laptop", name: "laptop" },
        reason: "X",
      });
      const again = await plan();
      assert.deepEqual([again.hash, again.count], [found.hash, found.count]);
    });

    test(`${EDITS} edits of our fields and deletions each make another plan`, { timeout: 300_000 }, async () => {
      const picks = fc.sample(fc.record({ at: fc.nat(1000), gone: fc.boolean() }), { numRuns: EDITS, seed: 11 });
      const seen = new Set<string>();
      for (const { at, gone } of picks) {
        const all = (await ours()).filter(({ kind }) => kind !== "Service" && kind !== "Job");
        const object = all[at % all.length] ?? assert.fail();
        const { hash } = await plan();
        if (gone) await kube.delete(refOf(object), { propagation: "Background" });
        else
          await kube.patch(refOf(object), { type: "merge", value: ownEdit(object) }, { fieldManager: "kubectl-edit" });
        const other = (await plan()).hash;
        assert.ok(other !== hash, `${gone ? "deleted" : "edited"} ${object.kind} ${object.metadata.name}`);
        seen.add(other);
        // A credential that somebody gave is kept, and its field is theirs; made again from the vault, it is ours.
        if (!gone && object.kind === "Secret") await kube.delete(refOf(object));
        await carryOutCloud(kube, readCloud(cloudOf({})), options);
      }
      console.log(`# ${EDITS} edits of ours: ${seen.size} other hashes`);
    });

    /** Takes a field of ours away from us, and gives it another value. */
    function ownEdit(object: KubeObject): Readonly<Record<string, unknown>> {
      const [key] = Object.keys(fieldAt(object, "data") ?? {});
      if (key !== undefined && object["immutable"] !== true)
        return { data: { [key]: Buffer.from("edited").toString(object.kind === "Secret" ? "base64" : "utf8") } };
      if (object.kind === "Deployment" || object.kind === "StatefulSet") return { spec: { replicas: 7 } };
      return { metadata: { labels: { [LABEL.partOf]: "edited" } } };
    }

    test("a node that comes makes another plan, and one that goes brings the first back", async () => {
      const { hash } = await plan();
      await prepareCluster(kube, cloudOf({}), ["n1", "n2"]);
      const more = await plan();
      assert.notEqual(more.hash, hash);
      await kube.delete({ apiVersion: "v1", kind: "Node", name: "n2" });
      assert.equal((await plan()).hash, hash);
    });

    test("another cluster, another operator, other images and other options of the release make another plan", async () => {
      const cloud = readCloud(cloudOf({}));
      const [name = ""] = Object.keys(options.images);
      const others = [
        { operator: "operator:2" },
        { catalogue: "d" },
        { images: { ...options.images, [name]: "underpin.local/other:1" } },
        { generation: 99 },
      ];
      const { hash } = await plan();
      const snapshot = await readSnapshot(kube, cloud.metadata);
      assert.equal((await planCloud(cloud, { ...options, snapshot })).hash, hash);
      const elsewhere = {
        ...snapshot,
        namespaces: new Map([
          ["laptop", "another"],
          ["laptop-nodes", "one"],
        ]),
      };
      assert.notEqual((await planCloud(cloud, { ...options, snapshot: elsewhere })).hash, hash);
      for (const other of others) assert.notEqual((await planCloud(cloud, { ...options, ...other })).hash, hash);
    });

    test(`${SPECS} changes are told of a snapshot as the API server tells them`, { timeout: 300_000 }, async () => {
      const where = { namespace: "laptop", name: "laptop" };
      const text = snapshotText(await captureCloud(where, { ...options, now: new Date(0) }));
      const file = parseSnapshot(text);
      const { items } = await kube.list({ apiVersion: "v1", kind: "Secret", namespace: "laptop" });
      for (const [key, value] of items.flatMap((item) => Object.entries(secretText(item) ?? {})))
        if (!/(tls|ca)\.crt$/.test(key) && value.length >= 12)
          for (const form of [value, Buffer.from(value).toString("base64"), JSON.stringify(value).slice(1, -1)])
            assert.ok(!text.includes(form), "no secret is in a snapshot");
      for (const spec of fc.sample(changedSpec, { numRuns: SPECS, seed: 2025 })) {
        const cloud = readCloud(cloudOf(spec));
        const [asked, foretold] = [await planCloud(cloud, options), await planOffline(cloud, file, options)];
        assert.deepEqual(told(foretold), told(asked), JSON.stringify(spec));
        assert.deepEqual(
          foretold.steps.map(({ id }) => id),
          asked.steps.map(({ id }) => id),
        );
        assert.deepEqual(
          foretold.refused.map(({ key }) => key),
          asked.refused.map(({ key }) => key),
        );
      }
    });

    test("the commands: a snapshot is written, and planned of where there is no cluster", async () => {
      const { images } = options;
      const installed = operatorManifests({ operatorImage: "operator:1", images, crds: [], cloudRules: [] });
      for (const one of installed.filter(({ kind }) => ["Namespace", "ConfigMap", "Deployment"].includes(kind)))
        await kube.apply(one, { fieldManager: "test" });
      const [file, cloud] = [join(folder, "laptop.snapshot"), join(folder, "cloud.yaml")];
      const run = (...args: string[]) =>
        spawnSync(process.execPath, ["src/cli/main.ts", ...args], {
          cwd: ROOT,
          encoding: "utf8",
          maxBuffer: 1e8,
          env: { ...process.env, KUBECONFIG: join(folder, "none") },
        });
      const made = run("snapshot", "-o", file, "--kubeconfig", join(folder, "kubeconfig"));
      assert.deepEqual([made.stdout, made.stderr, made.status], ["", "", 0]);
      const plain = run("snapshot", "--kubeconfig", join(folder, "kubeconfig"));
      assert.equal(plain.stdout.length, (await readFile(file, "utf8")).length);
      await writeFile(cloud, JSON.stringify(cloudOf({})));
      const same = run("plan", "-f", cloud, "--snapshot", file);
      assert.equal(same.status, 0, same.stderr);
      assert.match(same.stdout, /Approximate/);
      await writeFile(cloud, JSON.stringify(cloudOf({ services: { glance: { replicas: 2 } } })));
      for (const form of [[], ["-o", "markdown"], ["-o", "json"], ["-o", "yaml"]]) {
        const other = run("plan", "-f", cloud, "--snapshot", file, ...form);
        assert.equal(other.status, 2, other.stderr);
        assert.match(other.stdout, /Approximate, and not to be approved/, form.join(" "));
        assert.doesNotMatch(other.stdout, /--plan offline/);
      }
      await writeFile(file, "{}");
      const broken = run("plan", "-f", cloud, "--snapshot", file);
      assert.equal(broken.status, 1);
      assert.match(
        broken.stderr,
        /^error: The snapshot .* cannot be used: it is not a snapshot that underpin made\n {2}next: /,
      );
    });
  },
);

const option = fc.constantFrom(
  { DEFAULT: { debug: true } },
  { DEFAULT: { rpc_response_timeout: 61 } },
  { oslo_messaging_rabbit: { heartbeat_rate: 3 } },
  { database: { max_pool_size: 7 } },
);
const service = fc.record(
  { replicas: fc.integer({ min: 1, max: 3 }), options: option },
  { requiredKeys: [], noNullPrototype: true },
);
const changedSpec = fc.record(
  {
    region: fc.constantFrom("RegionOne", "North"),
    profile: fc.constantFrom("Minimal", "Standard"),
    images: fc.constantFrom({}, { registry: "mirror.example.org/cloud" }),
    network: fc.constantFrom(LAPTOP.spec.network, { ...LAPTOP.spec.network, mtu: 1400 }),
    services: fc.dictionary(fc.constantFrom("keystone", "glance", "placement", "nova", "neutron"), service, {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    endpoints: fc.constantFrom({}, { hostname: "cloud.example.org" }),
  },
  { requiredKeys: [], noNullPrototype: true },
);
