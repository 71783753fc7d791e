// What a plan foretells, and what a real apply on a real API server then writes: the same objects, every time.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { type Cloud, readCloud } from "../../src/api/cloud.ts";
import { customResourceDefinitions } from "../../src/api/crd.ts";
import { FIELD_MANAGER, GROUP } from "../../src/api/names.ts";
import { hypervisorManifests } from "../../src/desired/hypervisors.ts";
import { gatherInput } from "../../src/desired/input.ts";
import { buildDesired } from "../../src/desired/objects.ts";
import { planCloud, type PlanOptions } from "../../src/desired/plan-cloud.ts";
import { Releases } from "../../src/desired/release-facts.ts";
import { secretManifest } from "../../src/desired/secret-manifest.ts";
import { readSnapshot, secretText } from "../../src/desired/snapshot.ts";
import { INVENTORY_NAME, readState, STATE_NAME } from "../../src/desired/state.ts";
import { Applier } from "../../src/kube/apply.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { Inventory } from "../../src/kube/inventory.ts";
import { fieldAt, keyOf, type ObjectRef, refOf } from "../../src/kube/types.ts";
import { operatorManifests } from "../../src/operator/install.ts";
import { MAKERS } from "../../src/operator/makers.ts";
import { writeState } from "../../src/operator/state.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedInput, LAPTOP } from "../unit/build-input.ts";
import { type ApiServer, binaries, startApiServer } from "./api-server.ts";

const bin = binaries();
const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CHANGES = Number(process.env["PLAN_CHANGES"] ?? 40);
const BOOKS = [STATE_NAME, INVENTORY_NAME, "underpin-vault"];

/** Every write that reaches the API server, dry runs left out, as what became of which object. */
class Recorder {
  readonly writes = new Set<string>();
  dryRuns = 0;

  around(client: KubeClient): KubeClient {
    const note = (type: string, key: string): void => {
      if (!BOOKS.includes(key.split("/").at(-1) ?? "")) this.writes.add(`${type} ${key}`);
    };
    return new Proxy(client, {
      get: (target, name: keyof KubeClient) => {
        if (name === "apply")
          return async (...args: Parameters<KubeClient["apply"]>) => {
            const [object, options] = args;
            if (options.dryRun === true) {
              this.dryRuns += 1;
              return target.apply(...args);
            }
            const live = await target.get(refOf(object));
            const result = await target.apply(...args);
            const same = live?.metadata.resourceVersion === result.metadata.resourceVersion;
            if (!same) note(live === undefined ? "created" : "changed", keyOf(refOf(object)));
            return result;
          };
        if (name === "delete")
          return async (...args: Parameters<KubeClient["delete"]>) => {
            note("deleted", keyOf(args[0]));
            return target.delete(...args);
          };
        if (name === "patch")
          return async (...args: Parameters<KubeClient["patch"]>) => {
            note("changed", keyOf(args[0]));
            return target.patch(...args);
          };
        if (name === "create") return () => assert.fail("the operator creates nothing but by apply");
        const value: unknown = target[name];
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  }
}

/** What a plan says, in the recorder's words. */
function foretold(plan: Plan): Set<string> {
  return new Set(
    plan.objects.flatMap(({ type, key, replaces }) =>
      replaces === undefined ? [`${type} ${key}`] : [`created ${key}`, `deleted ${replaces}`],
    ),
  );
}

/** Names that are known only when the content is made; both sides say it alike. */
function settled(writes: ReadonlySet<string>, provisional: boolean): string[] {
  return [...writes].map((one) => (provisional ? one.replace(/-[0-9a-f]{10}$/, "-*") : one)).toSorted();
}

const option = fc.constantFrom(
  { DEFAULT: { debug: true } },
  { DEFAULT: { debug: false } },
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
    images: fc.constantFrom({}, { registry: "mirror.example.org/cloud" }),
    network: fc.constantFrom(LAPTOP.spec.network, { ...LAPTOP.spec.network, mtu: 1400 }),
    services: fc.dictionary(fc.constantFrom("keystone", "glance", "placement", "nova", "neutron"), service, {
      maxKeys: 3,
      noNullPrototype: true,
    }),
    compute: fc.constantFrom(
      { pools: [{ name: "std" }] },
      { pools: [{ name: "std", options: { libvirt: { num_pcie_ports: 16 } } }] },
    ),
    endpoints: fc.constantFrom({}, { hostname: "cloud.example.org" }),
  },
  { requiredKeys: [], noNullPrototype: true },
);

describe(
  "plans on a real API server",
  { skip: bin === undefined ? "kube-apiserver and etcd are not there" : false },
  () => {
    let server: ApiServer;
    let kube: KubeClient;
    let folder: string;
    let options: PlanOptions;

    before(async () => {
      folder = await mkdtemp(join(tmpdir(), "plan-"));
      server = await startApiServer(bin ?? "");
      await writeFile(join(folder, "kubeconfig"), server.kubeconfig, { mode: 0o600 });
      kube = createClient(server.config);
      const made = { fieldManager: "test" };
      for (const name of ["laptop", "laptop-nodes"])
        await kube.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } }, made);
      for (const crd of customResourceDefinitions()) await kube.apply(crd, made);
      const labels = { "underpin.dev/cloud": "laptop.laptop" };
      const node = { apiVersion: "v1", kind: "Node", name: "n1" };
      await kube.apply({ apiVersion: "v1", kind: "Node", metadata: { name: "n1", labels } }, made);
      const status = { addresses: [{ type: "InternalIP", address: "10.90.0.11" }] };
      await kube.patch(node, { type: "merge", value: { status } }, { subresource: "status" });
      const workloads = await loadWorkloads();
      const { images } = fixedInput(workloads);
      const rest = { clusterDomain: "cluster.local", operator: "operator:1", catalogue: "c" };
      options = { client: kube, workloads, images, ...rest };
      for (const end = Date.now() + 60_000; Date.now() < end; await sleep(100)) {
        const served = await kube.list({ apiVersion: `${GROUP}/v1alpha1`, kind: "Hypervisor" }).catch(() => undefined);
        if (served !== undefined) break;
      }
    });

    after(async () => {
      await kube?.close();
      await server?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    function cloudOf(spec: object): Cloud {
      const { name, namespace } = LAPTOP.metadata;
      return readCloud({ ...LAPTOP, metadata: { name, namespace }, spec: { ...LAPTOP.spec, ...spec } });
    }

    async function plan(cloud: Cloud): Promise<Plan> {
      const recorder = new Recorder();
      const found = await planCloud(cloud, { ...options, client: recorder.around(kube) });
      assert.deepEqual([...recorder.writes], [], "a plan writes nothing");
      return found;
    }

    /** As the operator does it, with its own parts, in one go: credentials, then all objects, then what is too much. */
    async function carryOut(cloud: Cloud): Promise<Set<string>> {
      const recorder = new Recorder();
      const client = recorder.around(kube);
      const applier = new Applier(client, { fieldManager: FIELD_MANAGER, shapeAnnotation: `${GROUP}/shape` });
      const inventory = new Inventory(client, {
        namespace: "laptop",
        name: INVENTORY_NAME,
        fieldManager: FIELD_MANAGER,
      });
      for (let passes = 0; passes < 2; passes += 1) {
        const snapshot = await readSnapshot(kube, cloud.metadata);
        const state = readState(snapshot.objects.get(`ConfigMap/laptop/${STATE_NAME}`));
        const secrets = {
          read: async (name: string) =>
            secretText(await kube.get({ apiVersion: "v1", kind: "Secret", namespace: "laptop", name })),
          write: async (name: string, data: Readonly<Record<string, string>>, type: string) => {
            await client.apply(secretManifest(cloud.metadata, name, { data, type }), {
              fieldManager: FIELD_MANAGER,
              force: true,
            });
          },
        };
        const services = [...snapshot.objects.values()].filter(({ kind }) => kind === "Service");
        const gathered = await gatherInput(
          cloud,
          state,
          { secrets, makers: MAKERS, services: () => services },
          { ...options, nodes: snapshot.nodes, releases: new Releases(() => undefined) },
        );
        if (gathered.type === "stalled") return assert.fail(gathered.message);
        const desired = buildDesired(options.workloads, gathered.input);
        const objects = [...desired.objects, ...hypervisorManifests(gathered.input)];
        await inventory.add(objects.map(refOf));
        await Promise.all(objects.map((one) => applier.apply(one, snapshot.objects.get(keyOf(refOf(one))))));
        await pruned(inventory, objects.map(refOf));
        const done = Object.fromEntries(desired.steps.map(({ step, hash }) => [step.id, hash]));
        await writeState(kube, cloud.metadata, { done, credentials: gathered.credentials });
      }
      return recorder.writes;
    }

    /** Nobody runs the controllers that let go of what is deleted in the foreground. */
    async function pruned(inventory: Inventory, refs: readonly ObjectRef[]): Promise<void> {
      for (let turns = 0; turns < 10; turns += 1) {
        const { remaining } = await inventory.prune(refs);
        if (remaining.length === 0) return;
        for (const ref of remaining) {
          const live = await kube.get(ref);
          if (live?.metadata.deletionTimestamp === undefined) continue;
          await kube.patch(ref, { type: "merge", value: { metadata: { finalizers: null } } });
        }
      }
      assert.fail("what is deleted does not go");
    }

    async function foretoldIsDone(cloud: Cloud, told: string): Promise<Plan> {
      const found = await plan(cloud);
      assert.deepEqual(found.refused, [], told);
      const written = await carryOut(cloud);
      const open = found.provisional.length > 0;
      assert.deepEqual(settled(foretold(found), open), settled(written, open), told);
      return found;
    }

    test("the first plan foretells every object of a cloud, and the next is empty", async () => {
      const found = await foretoldIsDone(cloudOf({}), "first");
      assert.ok(found.count.created >= 60, `${found.count.created} objects`);
      assert.equal(found.count.deleted + found.count.unchanged, 0);
      assert.ok(found.steps.some(({ id, database }) => id === "nova/db" && database));
      const next = await plan(cloudOf({}));
      assert.deepEqual([next.empty, next.objects, next.steps], [true, [], []]);
      assert.equal((await carryOut(cloudOf({}))).size, 0);
    });

    test(`${CHANGES} generated changes write what was foretold`, { timeout: 600_000 }, async () => {
      const specs = fc.sample(changedSpec, { numRuns: CHANGES, seed: 2025 });
      let told = 0;
      let changing = 0;
      for (const [index, spec] of specs.entries()) {
        const found = await foretoldIsDone(cloudOf(spec), `${index}: ${JSON.stringify(spec)}`);
        told += found.objects.length;
        changing += Number(!found.empty);
        const again = await plan(cloudOf(spec));
        assert.ok(again.empty, `${index}: after it, nothing is left: ${JSON.stringify(again.objects)}`);
      }
      assert.ok(changing > CHANGES / 2, "most of the specs change something");
      console.log(`# ${CHANGES} specs, ${changing} of them changes, ${told} objects, all as foretold`);
    });

    test("what the API server would refuse is told with its reason, and is refused", async () => {
      await carryOut(cloudOf({}));
      const found = await plan(cloudOf({ profile: "Standard" }));
      assert.deepEqual(
        found.refused.map(({ key }) => key),
        ["StatefulSet/laptop/mariadb", "StatefulSet/laptop/rabbitmq"],
      );
      for (const { message } of found.refused) assert.match(message, /^spec(\.volumeClaimTemplates)?: [^{]{10,300}$/);
      await assert.rejects(carryOut(cloudOf({ profile: "Standard" })), { status: 422 });
    });

    test("what others edited is foretold as it was repaired", async () => {
      await carryOut(cloudOf({}));
      const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "laptop", name: "underpin-ca" };
      await kube.patch(ref, { type: "merge", value: { data: { "ca.crt": "x" } } }, { fieldManager: "kubectl-edit" });
      const found = await foretoldIsDone(cloudOf({}), "edited");
      assert.deepEqual(
        found.objects.map(({ key, fields }) => [key, fields.map(({ path }) => path)]),
        [["ConfigMap/laptop/underpin-ca", ['data["ca.crt"]']]],
      );
    });

    test("what others added to what is ours as a whole is foretold to go, and goes", async () => {
      await carryOut(cloudOf({}));
      const ref = { apiVersion: "apps/v1", kind: "Deployment", namespace: "laptop", name: "placement" };
      const live = await kube.get(ref);
      const container = fieldAt(live, "spec", "template", "spec", "containers", 0) as { name: string };
      const added = {
        containers: [{ ...container, env: [{ name: "ADDED", value: "1" }] }],
        nodeSelector: { "example.org/disk": "fast" },
      };
      const value = { spec: { template: { spec: added } } };
      await kube.patch(ref, { type: "merge", value }, { fieldManager: "kubectl-edit" });
      const data = { "extra.crt": "x" };
      await kube.patch(
        { ...ref, apiVersion: "v1", kind: "ConfigMap", name: "underpin-ca" },
        { type: "merge", value: { data } },
        { fieldManager: "kubectl-edit" },
      );
      const found = await foretoldIsDone(cloudOf({}), "added");
      assert.deepEqual(
        found.objects.map(({ key }) => key),
        ["ConfigMap/laptop/underpin-ca", "Deployment/laptop/placement"],
      );
      assert.ok((await plan(cloudOf({}))).empty);
    });

    test("the hash follows what is ours, and nobody else's fields", async () => {
      await carryOut(cloudOf({}));
      const { hash } = await plan(cloudOf({}));
      const gateway = { apiVersion: "apps/v1", kind: "Deployment", namespace: "laptop", name: "gateway" };
      const others = { metadata: { annotations: { "team.example.org/note": "seen" } } };
      await kube.patch(gateway, { type: "merge", value: others }, { fieldManager: "somebody" });
      await kube.patch(gateway, { type: "merge", value: { status: { replicas: 1 } } }, { subresource: "status" });
      assert.equal((await plan(cloudOf({}))).hash, hash);
      assert.notEqual((await plan(cloudOf({ region: "Elsewhere" }))).hash, hash);
      await kube.patch(
        gateway,
        { type: "merge", value: { spec: { minReadySeconds: 1, replicas: 5 } } },
        { fieldManager: "somebody" },
      );
      assert.notEqual((await plan(cloudOf({}))).hash, hash);
    });

    test("the command shows it, and its exit code says whether there is something to do", async () => {
      await carryOut(cloudOf({}));
      const { images } = options;
      const installed = operatorManifests({ operatorImage: "operator:1", images, crds: [], cloudRules: [] });
      for (const one of installed.filter(({ kind }) => ["Namespace", "ConfigMap", "Deployment"].includes(kind)))
        await kube.apply(one, { fieldManager: "test" });
      const file = join(folder, "cloud.yaml");
      const run = async (spec: object, ...args: string[]) => {
        const { name, namespace } = LAPTOP.metadata;
        await writeFile(
          file,
          JSON.stringify({ ...LAPTOP, metadata: { name, namespace }, spec: { ...LAPTOP.spec, ...spec } }),
        );
        const command = ["src/cli/main.ts", "plan", "-f", file, "--kubeconfig", join(folder, "kubeconfig"), ...args];
        return spawnSync(process.execPath, command, { cwd: ROOT, encoding: "utf8", maxBuffer: 1e8 });
      };
      const same = await run({});
      assert.deepEqual([same.stdout, same.stderr, same.status], ["Cloud laptop/laptop: nothing to do\n", "", 0]);
      const other = await run({ services: { glance: { replicas: 2 } } }, "-o", "json");
      assert.equal(other.status, 2, other.stderr);
      const told = JSON.parse(other.stdout) as Plan;
      assert.deepEqual(
        told.objects.map(({ type, key }) => `${type} ${key.replace(/-[0-9a-f]{10}$/, "")}`),
        [
          "changed ConfigMap/laptop/gateway-config",
          "changed Deployment/laptop/gateway",
          "changed Deployment/laptop/glance",
          "created PodDisruptionBudget/laptop/glance",
        ],
      );
      assert.match(
        (await run({ region: "West" }, "--detail")).stdout,
        /\nGRAPH\n[^]*\nOPTIONS\n[^]*\nOBJECTS\n[^]*\nSTEPS\n/,
      );
      assert.equal((await run({}, "--context", "nowhere")).status, 1);
    });

    test("a plan of a whole cloud holds no secret's value and takes less than a second", async () => {
      const times: number[] = [];
      let found = await plan(cloudOf({ region: "South" }));
      for (let run = 0; run < 3; run += 1) {
        const start = performance.now();
        found = await plan(cloudOf({ region: "South" }));
        times.push(performance.now() - start);
      }
      const text = JSON.stringify(found);
      const { items } = await kube.list({ apiVersion: "v1", kind: "Secret", namespace: "laptop" });
      const values = items
        .flatMap((item) => Object.values(secretText(item) ?? {}))
        .filter((value) => value.length >= 16);
      assert.ok(values.length > 20);
      for (const value of values) {
        assert.ok(!text.includes(value));
        assert.ok(!text.includes(Buffer.from(value).toString("base64")));
      }
      console.log(
        `# plan of ${found.count.unchanged + found.objects.length} objects: ${times.map(Math.round).join(", ")} ms`,
      );
    });
  },
);
