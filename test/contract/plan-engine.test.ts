// Plans carried out on a real API server by the operator with its own rights: what is written is what was approved.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { type Plan, readPlan } from "../../src/api/plan.ts";
import { API_VERSION } from "../../src/api/names.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { keyOf, refOf } from "../../src/kube/types.ts";
import { chunkOf, unpackContent } from "../../src/plan/content.ts";
import { LAPTOP } from "../unit/build-input.ts";
import { type ApiServer, binaries, startApiServer } from "./api-server.ts";
import { PlanWorld } from "./plan-world.ts";

const bin = binaries();
const CHANGES = Number(process.env["PLAN_EXECUTIONS"] ?? 25);
const CLOUD = { apiVersion: API_VERSION, kind: "Cloud", namespace: "laptop", name: "laptop" };
/** The operator's own books: they are no part of a cloud. */
const BOOKS =
  /^(Plan|Cloud|Event|Hypervisor)\/|^ConfigMap\/laptop\/(underpin-|laptop-\d)|^Secret\/laptop\/underpin-vault$/;

const DEPLOYMENTS = { apiVersion: "apps/v1", kind: "Deployment", namespace: "laptop" };

type Options = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
const options: fc.Arbitrary<Options> = fc.constantFrom<Options>(
  {},
  { DEFAULT: { debug: true } },
  { database: { max_pool_size: 7 } },
  { database: { max_pool_size: 8 }, DEFAULT: { debug: true } },
);
const change = fc.record({
  service: fc.constantFrom("keystone", "placement", "glance"),
  options,
  replicas: fc.integer({ min: 1, max: 3 }),
  /** What happens between the review and the approval. */
  meanwhile: fc.constantFrom("nothing", "others", "ours", "deleted", "edited", "node"),
});

describe(
  "plans that are carried out on a real API server",
  { skip: bin === undefined ? "kube-apiserver and etcd are not there" : false, timeout: 600_000 },
  () => {
    const writes = new Set<string>();
    let api: ApiServer;
    let world: PlanWorld;

    before(async () => {
      api = await startApiServer(bin ?? "");
      world = new PlanWorld(api, { around: (client) => recorded(client, writes) });
      await world.found({ ...LAPTOP.spec, change: { approval: "Manual" } });
      await world.start();
    });

    after(async () => {
      await world?.close();
      await api?.stop();
    });

    async function plans(): Promise<readonly Plan[]> {
      return (await world.plans()).map((item) => readPlan(item));
    }

    async function pending(): Promise<Plan | undefined> {
      return (await plans()).find(({ status }) => status?.phase === "Pending");
    }

    /** As the webhook leaves it: the hash in the Cloud, and who put it there. */
    async function approve(hash: string): Promise<void> {
      const stamp = JSON.stringify({ user: "someone", time: new Date().toISOString(), hash });
      const metadata = { annotations: { "underpin.dev/approved-by": stamp } };
      await edit({ change: { approvedPlan: hash } }, metadata);
    }

    async function edit(spec: object, metadata: object = {}): Promise<void> {
      await world.admin.patch(CLOUD, { type: "merge", value: { metadata, spec } });
    }

    async function content(plan: Plan) {
      const { hash = "", chunks = [] } = plan.status?.content ?? {};
      const ref = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", namespace: "laptop", name });
      return unpackContent(
        await Promise.all(chunks.map(async (name) => chunkOf(await world.admin.get(ref(name))))),
        hash,
      );
    }

    async function foretold(plan: Plan): Promise<string[]> {
      const { objects } = (await content(plan)).plan;
      const keys = objects.flatMap(({ key, replaces }) => (replaces === undefined ? [key] : [key, replaces]));
      return keys.filter((key) => !BOOKS.test(key)).toSorted();
    }

    test("the first one waits for its approval and nothing is made before; then it is all made", async () => {
      await world.settle();
      const plan = await pending();
      assert.ok(plan?.status?.hash !== undefined, JSON.stringify(await plans()));
      assert.deepEqual([...writes], []);
      assert.equal((await world.admin.list({ ...DEPLOYMENTS })).items.length, 0);
      await approve(plan.status.hash);
      await world.settle();
      const [done] = await plans();
      assert.equal(done?.status?.phase, "Succeeded", done?.status?.message ?? "");
      assert.equal((await world.admin.list({ ...DEPLOYMENTS })).items.length, 3);
    });

    test(`of ${CHANGES} changes none is carried out other than as it was approved`, async (context) => {
      const drawn = fc.sample(change, { numRuns: CHANGES, seed: 4711 });
      const tally = { carriedOut: 0, superseded: 0, objects: 0 };
      for (const [index, { service, meanwhile, ...own }] of drawn.entries()) {
        const told = `${index}: ${JSON.stringify(drawn[index])}`;
        await edit({ services: { [service]: null } });
        await edit({ services: { [service]: own } });
        await world.settle();
        const plan = await pending();
        if (plan === undefined) continue; // it was so already
        await interfere(meanwhile, service, index);
        writes.clear();
        await approve(plan.status?.hash ?? "");
        await world.settle();
        const after = (await plans()).find(({ metadata }) => metadata.name === plan.metadata.name);
        const next = await pending();
        if (after?.status?.phase === "Succeeded") {
          tally.carriedOut += 1;
          const expected = await foretold(plan);
          tally.objects += expected.length;
          assert.equal(after.status.hash, plan.status?.hash, told);
          const repaired = meanwhile === "ours" || meanwhile === "deleted" ? [`Service/laptop/${service}`] : [];
          assert.deepEqual(
            [...new Set([...writes, ...repaired])].toSorted(),
            [...new Set([...expected, ...repaired])].toSorted(),
            told,
          );
        } else {
          tally.superseded += 1;
          assert.equal(after?.status?.phase, "Superseded", `${told} ${after?.status?.message}`);
          assert.match(after?.status?.message ?? "", /^Not carried out: /, told);
          if (next !== undefined) {
            const drift = [...writes].filter((key) => key !== `Service/laptop/${service}`);
            assert.deepEqual(drift, [], `${told}: nothing of a plan that nobody approved`);
            await approve(next.status?.hash ?? "");
            await world.settle();
          }
        }
      }
      context.diagnostic(JSON.stringify(tally));
      assert.ok(tally.carriedOut > CHANGES / 4 && tally.superseded > 1, JSON.stringify(tally));
    });

    async function interfere(what: string, service: string, index: number): Promise<void> {
      const deployment = { apiVersion: "apps/v1", kind: "Deployment", namespace: "laptop", name: service };
      const front = { apiVersion: "v1", kind: "Service", namespace: "laptop", name: service };
      if (what === "others") {
        const value = { metadata: { annotations: { "team.example.org/note": `${index}` } } };
        await world.admin.patch(deployment, { type: "merge", value }, { fieldManager: "somebody" });
      }
      if (what === "ours")
        await world.admin.patch(front, { type: "merge", value: { spec: { selector: { app: "mine" } } } });
      if (what === "deleted") await world.admin.delete(front);
      if (what === "edited")
        await edit({
          services: { nova: { options: { DEFAULT: { note: `${index}` } } } },
          region: "RegionOne",
          deletionPolicy: index % 2 === 0 ? "Delete" : "Retain",
        });
      if (what === "node") {
        const labels = { "underpin.dev/cloud": "laptop.laptop" };
        await world.admin.apply(
          { apiVersion: "v1", kind: "Node", metadata: { name: `n${index + 2}`, labels } },
          { fieldManager: "test" },
        );
      }
    }

    test("the operator is killed after any of its steps: the next one ends the plan, and nothing is missing in it", async () => {
      await edit({ change: { approval: "Automatic", approvedPlan: null } });
      await world.settle();
      await edit({
        services: {
          keystone: { options: { database: { max_pool_size: 99 } } },
          glance: { replicas: 2, options: { database: { max_pool_size: 98 } } },
        },
      });
      for (let passes = 0; passes < 30; passes += 1) {
        await world.pass();
        await world.start();
        await world.settleControllers();
      }
      await world.settle();
      const ended = (await plans())
        .toSorted((a, b) => (a.metadata.creationTimestamp ?? "").localeCompare(b.metadata.creationTimestamp ?? ""))
        .at(-1);
      assert.equal(ended?.status?.phase, "Succeeded", ended?.status?.message ?? "");
      for (const step of ended.status.steps ?? []) {
        assert.equal(step.state, "Done", step.id);
        assert.ok(step.startedAt !== undefined && step.seconds !== undefined, `${step.id} has its times`);
      }
      assert.ok((ended.status.evidence?.seconds ?? 0) > 0);
    });
  },
);

/** Notes the key of each object that is really written, dry runs and the operator's books left out. */
function recorded(client: KubeClient, writes: Set<string>): KubeClient {
  const note = (key: string): void => {
    if (!BOOKS.test(key)) writes.add(key);
  };
  return new Proxy(client, {
    get: (target, name: keyof KubeClient) => {
      if (name === "apply")
        return async (...args: Parameters<KubeClient["apply"]>) => {
          const [object, how] = args;
          const before = how.dryRun === true ? undefined : await target.get(refOf(object)).catch(() => undefined);
          const result = await target.apply(...args);
          const same = before?.metadata.resourceVersion === result.metadata.resourceVersion;
          if (how.dryRun !== true && !same) note(keyOf(refOf(object)));
          return result;
        };
      if (name === "delete")
        return async (...args: Parameters<KubeClient["delete"]>) => {
          const gone = await target.delete(...args);
          if (gone) note(keyOf(args[0]));
          return gone;
        };
      const value: unknown = target[name];
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}
