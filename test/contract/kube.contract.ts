// What every side of KubeClient must do. Run on the fake and on a real API server.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Applier } from "../../src/kube/apply.ts";
import { Cache } from "../../src/kube/cache.ts";
import type { KubeClient, WatchEvent } from "../../src/kube/client.ts";
import { isGone, isReason, KubeError } from "../../src/kube/errors.ts";
import { lastWriter } from "../../src/kube/managers.ts";
import { Inventory } from "../../src/kube/inventory.ts";
import { LeaderLease } from "../../src/kube/lease.ts";
import { type Desired, fieldAt, type KubeObject, type ObjectRef, refOf } from "../../src/kube/types.ts";
import { attempts } from "../harness/attempts.ts";

export interface Side {
  readonly client: KubeClient;
  /** Makes every resource version before now too old. */
  compact(): Promise<void>;
  close(): Promise<void>;
}

const NAMESPACE = "contract";
const MANAGER = "contract-operator";

export function kubeContract(name: string, start: () => Promise<Side>): void {
  describe(`KubeClient contract: ${name}`, () => {
    let side: Side;
    const client = (): KubeClient => side.client;
    before(async () => {
      side = await start();
      await client().create({ apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    });
    after(() => side.close());
    crud(client);
    serverSideApply(client);
    statusAndGeneration(client);
    watching(client, () => side.compact());
    applier(client);
    finalizers(client);
    inventory(client);
    leases(client);
  });
}

function configMap(name: string, data: Record<string, string>, meta: object = {}): Desired {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: NAMESPACE, ...meta }, data };
}

function ref(name: string, kind = "ConfigMap"): ObjectRef {
  return { apiVersion: "v1", kind, namespace: NAMESPACE, name };
}

export function widget(name: string, fields: { spec?: object; status?: object }): Desired {
  return { apiVersion: "contract.test/v1", kind: "Widget", metadata: { name, namespace: NAMESPACE }, ...fields };
}

export const WIDGETS: Desired = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "widgets.contract.test" },
  spec: {
    group: "contract.test",
    scope: "Namespaced",
    names: { plural: "widgets", singular: "widget", kind: "Widget", listKind: "WidgetList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: {
            type: "object",
            properties: {
              spec: {
                type: "object",
                properties: { size: { type: "integer" }, least: { type: "integer" } },
                "x-kubernetes-validations": [
                  { rule: "!has(self.least) || self.size >= self.least", message: "size must not be below least" },
                ],
              },
              status: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
            },
          },
        },
      },
    ],
  },
};

/** Waits for `check` to hold. */
export async function eventually(what: string, check: () => boolean | Promise<boolean>, ms = 60_000): Promise<void> {
  for (const until = Date.now() + ms; !(await check()); await sleep(20))
    if (Date.now() > until) assert.fail(`${what}: not within ${ms} ms`);
}

function crud(client: () => KubeClient): void {
  describe("objects", () => {
    it("creates, reads, lists by label, patches and deletes", async () => {
      const made = await client().create(configMap("crud", { a: "1" }, { labels: { team: "blue" } }));
      assert.ok(made.metadata.uid);
      assert.deepEqual(fieldAt(await client().get(ref("crud")), "data"), { a: "1" });
      await client().create(configMap("crud-2", {}, { labels: { team: "red" } }));
      const blue = await client().list({
        apiVersion: "v1",
        kind: "ConfigMap",
        namespace: NAMESPACE,
        labelSelector: "team=blue",
      });
      assert.deepEqual(
        blue.items.map((item) => item.metadata.name),
        ["crud"],
      );
      assert.equal(blue.items[0]?.kind, "ConfigMap");
      const byName = { apiVersion: "v1", kind: "ConfigMap", fieldSelector: "metadata.name=crud-2" };
      assert.equal((await client().list(byName)).items.length, 1);
      const merged = await client().patch(ref("crud"), { type: "merge", value: { data: { a: null, b: "2" } } });
      assert.deepEqual(fieldAt(merged, "data"), { b: "2" });
      const patched = await client().patch(ref("crud"), {
        type: "json",
        value: [{ op: "add", path: "/metadata/labels/c~1d", value: "3" }],
      });
      assert.deepEqual(patched.metadata.labels, { team: "blue", "c/d": "3" });
      assert.equal(await client().delete(ref("crud")), true);
      assert.equal(await client().get(ref("crud")), undefined);
      assert.equal(await client().delete(ref("crud")), false);
    });

    it("refuses what must be refused, with the server's reason", async () => {
      await client().create(configMap("refused", {}));
      await assert.rejects(client().create(configMap("refused", {})), (error) => isReason(error, "AlreadyExists"));
      const stale = { metadata: { resourceVersion: "1" }, data: { a: "1" } };
      await assert.rejects(client().patch(ref("refused"), { type: "merge", value: stale }), (error) =>
        isReason(error, "Conflict"),
      );
      await assert.rejects(client().delete(ref("refused"), { uid: "other" }), (error) => isReason(error, "Conflict"));
      await assert.rejects(client().patch(ref("nobody"), { type: "merge", value: {} }), (error) =>
        isReason(error, "NotFound"),
      );
      const lost = { ...configMap("lost", {}), metadata: { name: "lost", namespace: "nowhere" } };
      await assert.rejects(client().create(lost), (error) => isReason(error, "NotFound"));
      const unknown = { apiVersion: "unknown.test/v1", kind: "Thing", namespace: NAMESPACE, name: "x" };
      await assert.rejects(
        client().get(unknown),
        (error) => error instanceof KubeError && error.reason === "UnknownKind",
      );
    });

    it("lists more than a page completely", async () => {
      const names = Array.from({ length: 520 }, (_, index) => `page-${index}`);
      for (let at = 0; at < names.length; at += 40)
        await Promise.all(
          names.slice(at, at + 40).map((name) => client().create(configMap(name, {}, { labels: { page: "yes" } }))),
        );
      const query = { apiVersion: "v1", kind: "ConfigMap", namespace: NAMESPACE, labelSelector: "page" };
      const { items } = await client().list(query);
      assert.deepEqual(items.map((item) => item.metadata.name).toSorted(), names.toSorted());
    });
  });
}

function serverSideApply(client: () => KubeClient): void {
  describe("server-side apply", () => {
    it("creates, changes, gives fields up, and does nothing twice", async () => {
      const apply = (data: Record<string, string>): Promise<KubeObject> =>
        client().apply(configMap("ssa", data), { fieldManager: MANAGER, force: true });
      const first = await apply({ a: "1", b: "1" });
      const second = await apply({ a: "1", b: "1" });
      assert.equal(second.metadata.resourceVersion, first.metadata.resourceVersion);
      const third = await apply({ a: "2" });
      assert.deepEqual(fieldAt(third, "data"), { a: "2" });
      assert.notEqual(third.metadata.resourceVersion, first.metadata.resourceVersion);
    });

    it("leaves others' fields alone, and refuses to take them without force", async () => {
      await client().apply(configMap("owned", { a: "ours" }), { fieldManager: MANAGER });
      const both = await client().apply(configMap("owned", { b: "theirs" }), { fieldManager: "other" });
      assert.deepEqual(fieldAt(both, "data"), { a: "ours", b: "theirs" });
      const taking = configMap("owned", { a: "theirs" });
      await assert.rejects(client().apply(taking, { fieldManager: "other" }), (error) => {
        assert.ok(isReason(error, "Conflict"));
        assert.deepEqual(
          error.causes.map((cause) => cause.field),
          [".data.a"],
        );
        assert.match(error.causes[0]?.message ?? "", new RegExp(MANAGER));
        return true;
      });
      const forced = await client().apply(taking, { fieldManager: "other", force: true });
      assert.equal(fieldAt(forced, "data", "a"), "theirs");
    });

    it("a dry run says what would be and writes nothing", async () => {
      const options = { fieldManager: MANAGER, force: true, dryRun: true };
      const would = await client().apply(configMap("dry", { a: "1" }), options);
      assert.equal(fieldAt(would, "data", "a"), "1");
      assert.equal(await client().get(ref("dry")), undefined);
    });
  });
}

function statusAndGeneration(client: () => KubeClient): void {
  describe("custom resources", () => {
    before(async () => {
      await client().apply(WIDGETS, { fieldManager: MANAGER });
      await eventually("the kind is served", () =>
        client()
          .apply(widget("probe", { spec: { size: 1 } }), { fieldManager: MANAGER })
          .then(
            () => true,
            (error: unknown) => !(error instanceof KubeError),
          ),
      );
    });

    it("status is written by its subresource alone; spec alone counts generations", async () => {
      const made = await client().apply(widget("gen", { spec: { size: 1 } }), { fieldManager: MANAGER });
      assert.equal(made.metadata.generation, 1);
      const status = widget("gen", { status: { phase: "Ready" } });
      const told = await client().apply(status, { fieldManager: MANAGER, subresource: "status", force: true });
      assert.deepEqual([told["status"], told["spec"]], [{ phase: "Ready" }, { size: 1 }]);
      assert.equal(told.metadata.generation, 1);
      const merged = await client().patch(
        refOf(made),
        { type: "merge", value: { status: { more: 1 } } },
        { subresource: "status" },
      );
      assert.deepEqual(merged["status"], { phase: "Ready", more: 1 });
      const grown = await client().apply(widget("gen", { spec: { size: 2 } }), { fieldManager: MANAGER });
      assert.equal(grown.metadata.generation, 2);
      assert.deepEqual(grown["status"], { phase: "Ready", more: 1 });
      const ignored = await client().patch(refOf(made), { type: "merge", value: { status: { phase: "no" } } });
      assert.deepEqual(fieldAt(ignored, "status", "phase"), "Ready");
    });
  });
}

function watching(client: () => KubeClient, compact: () => Promise<void>): void {
  const query = { apiVersion: "v1", kind: "ConfigMap", namespace: NAMESPACE, labelSelector: "watched=yes" };
  const watched = (name: string, data: Record<string, string>): Desired =>
    configMap(name, data, { labels: { watched: "yes" } });

  describe("watch", () => {
    it("goes on from a version, in order, only for what was selected", async () => {
      await client().create(watched("w-before", {}));
      const { resourceVersion } = await client().list(query);
      await client().create(watched("w-1", {}));
      await client().create(configMap("w-other", {}));
      await client().patch(ref("w-1"), { type: "merge", value: { data: { a: "1" } } });
      await client().delete(ref("w-1"));
      const seen: string[] = [];
      const stop = new AbortController();
      for await (const { type, object } of client().watch(query, { resourceVersion, signal: stop.signal })) {
        if (type !== "BOOKMARK") seen.push(`${type} ${object.metadata.name}`);
        if (type === "DELETED") stop.abort();
      }
      assert.deepEqual(seen, ["ADDED w-1", "MODIFIED w-1", "DELETED w-1"]);
    });

    it("what loses its label is gone, and what gets it is new", async () => {
      await client().create(watched("w-lost", {}));
      const { resourceVersion } = await client().list(query);
      const label = (value: string | null) => ({
        type: "merge" as const,
        value: { metadata: { labels: { watched: value } } },
      });
      await client().patch(ref("w-lost"), label(null));
      await client().patch(ref("w-lost"), { type: "merge", value: { data: { a: "1" } } });
      await client().patch(ref("w-lost"), label("yes"));
      await client().patch(ref("w-lost"), { type: "merge", value: { data: { a: "2" } } });
      const seen: string[] = [];
      const stop = new AbortController();
      for await (const { type, object } of client().watch(query, { resourceVersion, signal: stop.signal })) {
        if (type !== "BOOKMARK") seen.push(`${type} ${object.metadata.name}`);
        if (type === "MODIFIED") stop.abort();
      }
      assert.deepEqual(seen, ["DELETED w-lost", "ADDED w-lost", "MODIFIED w-lost"]);
    });

    it("ends at its time limit", async () => {
      const { resourceVersion } = await client().list(query);
      const start = Date.now();
      const options = { resourceVersion, signal: new AbortController().signal, timeoutSeconds: 1 };
      for await (const event of client().watch(query, options)) assert.equal(event.type, "BOOKMARK");
      assert.ok(Date.now() - start >= 900);
    });

    it("says that a version is too old", async () => {
      const { resourceVersion } = await client().list(query);
      for (const name of ["w-old-1", "w-old-2"]) await client().create(watched(name, {}));
      await compact();
      const read = async (): Promise<void> => {
        const options = { resourceVersion, signal: AbortSignal.timeout(60_000) };
        for await (const event of client().watch({ ...query, kind: "ConfigMap" }, options)) void event;
      };
      await assert.rejects(read(), isGone);
    });

    it("a cache follows the collection, also past a forgotten version", async (test) => {
      const events: string[] = [];
      const gate = gated(client());
      const indexes = {
        colour: (object: KubeObject) => [(fieldAt(object, "data", "colour") as string | undefined) ?? ""],
      };
      const cache = new Cache(gate.client, query, { indexes, backoffMs: [10, 50] });
      test.after(() => cache.close());
      cache.subscribe((event) =>
        events.push("object" in event ? `${event.type} ${event.object.metadata.name}` : event.type),
      );
      cache.start();
      await cache.waitForSync();
      assert.equal(events.at(-1), "synced");
      await client().create(watched("c-1", { colour: "red" }));
      await eventually("added", () => cache.byIndex("colour", "red").length === 1);
      assert.equal(cache.get("c-1", NAMESPACE)?.metadata["managedFields"], undefined);
      await client().patch(ref("c-1"), { type: "merge", value: { data: { colour: "blue" } } });
      await eventually("modified", () => cache.byIndex("colour", "blue").length === 1);
      assert.equal(cache.byIndex("colour", "red").length, 0);
      gate.shut();
      await client().delete(ref("c-1"));
      await client().create(watched("c-2", {}));
      await compact();
      gate.open();
      await eventually("listed anew", () => cache.get("c-2", NAMESPACE) !== undefined);
      await cache.close();
      const ours = events.filter((event) => /c-[12]$/.test(event));
      assert.deepEqual(ours.toSorted(), ["added c-1", "added c-2", "deleted c-1", "modified c-1"]);
      assert.equal(gate.gone, 1, "the version was too old once");
    });
  });
}

/** The client with a switch for its watches. */
function gated(client: KubeClient): { client: KubeClient; shut(): void; open(): void; readonly gone: number } {
  let stop = new AbortController();
  let gone = 0;
  async function* watch(...[query, options]: Parameters<KubeClient["watch"]>): AsyncGenerator<WatchEvent> {
    if (stop.signal.aborted) throw new KubeError("watch", 0, { reason: "Unreachable" });
    try {
      yield* client.watch(query, { ...options, signal: AbortSignal.any([options.signal, stop.signal]) });
    } catch (error) {
      if (isGone(error)) gone += 1;
      throw error;
    }
  }
  return {
    client: { list: client.list.bind(client), watch } as unknown as KubeClient,
    shut: () => stop.abort(),
    open: () => (stop = new AbortController()),
    get gone() {
      return gone;
    },
  };
}

function applier(client: () => KubeClient): void {
  describe("Applier", () => {
    const make = (): Applier =>
      new Applier(client(), { fieldManager: MANAGER, shapeAnnotation: "contract.test/shape" });
    const apply = async (to: Applier, desired: Desired) => to.apply(desired, await client().get(refOf(desired)));

    it("says created, unchanged, configured, and writes only then", async () => {
      const to = make();
      assert.equal((await apply(to, configMap("applied", { a: "1", b: "1" }))).result, "created");
      assert.equal((await apply(to, configMap("applied", { a: "1", b: "1" }))).result, "unchanged");
      const changed = await apply(to, configMap("applied", { a: "2" }));
      assert.equal(changed.result, "configured");
      assert.deepEqual(fieldAt(changed.object, "data"), { a: "2" });
      assert.equal((await apply(make(), configMap("applied", { a: "2" }))).result, "unchanged");
    });

    it("gives up a field that is no longer wanted", async () => {
      const labelled = (labels: Record<string, string>): Desired => configMap("shape", {}, { labels });
      await apply(make(), labelled({ a: "1", b: "1" }));
      const { object, result } = await apply(make(), labelled({ a: "1" }));
      assert.equal(result, "configured");
      assert.deepEqual(object.metadata.labels, { a: "1" });
    });

    it("repairs what somebody changed, added or removed", async () => {
      const desired = configMap("drift", { a: "1", b: "1" });
      await apply(make(), desired);
      const edit = { data: { a: "edited", b: null, c: "added" } };
      await client().patch(ref("drift"), { type: "merge", value: edit }, { fieldManager: "kubectl-edit" });
      const { result, object, differences } = await apply(make(), desired);
      assert.equal(result, "configured");
      assert.deepEqual(fieldAt(object, "data"), { a: "1", b: "1" });
      assert.deepEqual(differences.map(({ path }) => path).toSorted(), ["data.a", "data.b", "data.c"]);
      assert.equal((await apply(make(), desired)).result, "unchanged");
    });

    it("who wrote what differs is told, and when", async () => {
      const container = (image: string, env: object[] = []) => ({ name: "api-main", image, env });
      const labels = { app: "who" };
      const desired: Desired = {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name: "who", namespace: NAMESPACE, labels: { "example.org/a.b": "1", gone: "1" } },
        spec: {
          replicas: 1,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [container("example.org/a:1")] } },
        },
      };
      await apply(make(), desired);
      const who: ObjectRef = { ...refOf(desired) };
      const image = {
        op: "replace",
        path: "/spec/template/spec/containers/0/image",
        value: "example.org/b:1",
      } as const;
      await client().patch(who, { type: "json", value: [image] }, { fieldManager: "editor" });
      const marks = { metadata: { labels: { "example.org/a.b": "2", gone: null } }, spec: { replicas: 3 } };
      await client().patch(who, { type: "merge", value: marks }, { fieldManager: "scaler" });
      const live = (await client().get(who)) ?? assert.fail("it is gone");
      const open = make()
        .open(desired, live)
        .map(({ path }) => path);
      const expected = {
        "metadata.labels.example.org/a.b": "scaler",
        "metadata.labels.gone": undefined,
        "spec.replicas": "scaler",
        "spec.template.spec.containers[api-main].image": "editor",
      };
      assert.deepEqual(open.toSorted(), Object.keys(expected));
      for (const [path, manager] of Object.entries(expected)) {
        const found = lastWriter(live, [path]);
        assert.equal(found?.manager, manager, path);
        if (found !== undefined) assert.ok(Math.abs(Date.now() - Date.parse(found.time ?? "")) < 60_000);
      }
      assert.equal(lastWriter(live, ["spec.template.spec.containers[api-main].name"])?.manager, MANAGER);
      assert.equal(lastWriter(live, ["spec.template.spec.containers[api].image"]), undefined);
      const { object } = await apply(make(), desired);
      assert.equal(lastWriter(object, open)?.manager, MANAGER);
    });

    it("sends a Secret's stringData as data and never shows values", async () => {
      const secret = (value: string): Desired => ({
        ...ref("s", "Secret"),
        metadata: { name: "s", namespace: NAMESPACE },
        stringData: { k: value },
      });
      const clean = ({ apiVersion, kind, metadata, stringData }: Desired): Desired => ({
        apiVersion,
        kind,
        metadata,
        stringData,
      });
      const first = await apply(make(), clean(secret("one")));
      assert.deepEqual(fieldAt(first.object, "data"), { k: "b25l" });
      assert.equal((await apply(make(), clean(secret("one")))).result, "unchanged");
      const second = await apply(make(), clean(secret("two")));
      assert.equal(second.result, "configured");
      assert.deepEqual(second.differences, [{ path: "data.k", wanted: "(secret)", found: "(secret)", extra: false }]);
    });
  });
}

function finalizers(client: () => KubeClient): void {
  it("an object with a finalizer goes when the finalizer goes", async () => {
    await client().create(configMap("final", {}, { finalizers: ["contract.test/wait"] }));
    assert.equal(await client().delete(ref("final")), true);
    const going = await client().get(ref("final"));
    assert.ok(going?.metadata.deletionTimestamp);
    await client().patch(ref("final"), { type: "merge", value: { metadata: { finalizers: null } } });
    assert.equal(await client().get(ref("final")), undefined);
  });
}

function inventory(client: () => KubeClient): void {
  it("the inventory removes what is no longer wanted, in order, and only what it knows", async () => {
    const make = (): Inventory =>
      new Inventory(client(), { namespace: NAMESPACE, name: "inventory", fieldManager: MANAGER });
    const account = { ...ref("i-account", "ServiceAccount") };
    const refs = [ref("i-keep"), ref("i-config"), ref("i-retained"), account, ref("i-never-made")];
    await make().add(refs);
    await make().add(refs);
    for (const name of ["i-keep", "i-config", "i-foreign"]) await client().create(configMap(name, {}));
    await client().create(configMap("i-retained", {}, { labels: { retain: "yes" } }));
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "i-svc", namespace: NAMESPACE, finalizers: ["contract.test/wait"] },
    };
    await make().add([refOf(service)]);
    await client().create({ ...service, spec: { ports: [{ port: 80 }] } });
    const keep = (object: KubeObject): boolean => object.metadata.labels?.["retain"] === "yes";

    const first = await make().prune([ref("i-keep")], { keep });
    assert.deepEqual(
      first.deleted.map(({ name }) => name),
      ["i-svc"],
    );
    assert.ok(
      first.remaining.some(({ name }) => name === "i-config"),
      "configuration goes after what uses it",
    );
    assert.ok(await client().get(ref("i-config")));
    await client().patch(refOf(service), { type: "merge", value: { metadata: { finalizers: null } } });
    const second = await make().prune([ref("i-keep")], { keep });
    assert.deepEqual(second, { deleted: [ref("i-config")], remaining: [] });
    for (const name of ["i-keep", "i-foreign", "i-retained"]) assert.ok(await client().get(ref(name)), name);
    assert.deepEqual(await make().list(), [ref("i-keep")]);
    await make().destroy();
    assert.deepEqual(await make().list(), []);
  });
}

function leases(client: () => KubeClient): void {
  const lease = (identity: string): LeaderLease =>
    new LeaderLease(client(), {
      namespace: NAMESPACE,
      name: "leader",
      identity,
      durationMs: 1500,
      deadlineMs: 1000,
      retryMs: 100,
    });

  const at = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace: NAMESPACE, name: "leader" };

  /** Who leads is decided by the machine's clock: one that stands still costs the lead, rightly, and shows nothing. */
  const scene = (names: readonly [string, string], work: (first: LeaderLease, second: LeaderLease) => Promise<void>) =>
    attempts(async () => {
      await client().delete(at);
      const [first, second] = [lease(names[0]), lease(names[1])];
      try {
        await work(first, second);
      } finally {
        await Promise.all([first.release(), second.release()]);
      }
    });

  describe("Lease", () => {
    it("one leads; the other follows at once after a release", () =>
      scene(["first", "second"], async (first, second) => {
        const stop = new AbortController();
        const lost: string[] = [];
        const note = (why: string): void => void lost.push(why);
        assert.equal(await first.acquire(stop.signal, note), true);
        let took = 0;
        const waiting = second.acquire(stop.signal, note).then(() => (took = Date.now()));
        try {
          await sleep(2500); // longer than the lease lasts: renewals keep it
          assert.deepEqual([first.held, second.held, took, lost], [true, false, 0, []]);
          const released = Date.now();
          await first.release();
          await waiting;
          assert.ok(took - released < 1000);
          assert.deepEqual([first.held, second.held, lost], [false, true, []]);
        } finally {
          stop.abort();
          await waiting;
        }
      }));

    it("a holder that is dead loses it after its duration; one that was overtaken is told", () =>
      scene(["holder", "next"], async (holder, next) => {
        const stop = new AbortController();
        const lost = Promise.withResolvers<string>();
        await holder.acquire(stop.signal, lost.resolve);
        await client().patch(at, { type: "merge", value: { spec: { holderIdentity: "usurper" } } });
        assert.match(await lost.promise, /usurper/);
        assert.equal(holder.held, false);
        const start = Date.now();
        const why: string[] = [];
        await next.acquire(stop.signal, (reason) => why.push(reason));
        assert.ok(Date.now() - start >= 1000, "the usurper's time must have run out");
        assert.deepEqual([next.held, why], [true, []]);
      }));
  });
}
