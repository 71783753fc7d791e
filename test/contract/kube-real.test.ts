// The contract, and what only a real server can show: connections, stalls, tokens, validation.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Cache } from "../../src/kube/cache.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { parseKubeconfig } from "../../src/kube/config.ts";
import { isReason, KubeError } from "../../src/kube/errors.ts";
import { createClient } from "../../src/kube/http-client.ts";
import { type Desired, fieldAt } from "../../src/kube/types.ts";
import { EventRecorder } from "../../src/runtime/events.ts";
import { type ApiServer, binaries, startApiServer } from "./api-server.ts";
import { eventually, kubeContract, widget, WIDGETS } from "./kube.contract.ts";
import { type Proxy, startProxy } from "./proxy.ts";

const bin = binaries();
const NAMESPACES = { apiVersion: "v1", kind: "Namespace" };
const CONFIG_MAPS = { apiVersion: "v1", kind: "ConfigMap", namespace: "default" };

if (bin === undefined) {
  it(
    "KubeClient contract: real API server",
    {
      skip: "kube-apiserver, etcd and etcdctl are not built yet; run ./underpin up once, or name their folder in UNDERPIN_BIN",
    },
    () => undefined,
  );
} else {
  kubeContract("real API server", async () => {
    const server = await startApiServer(bin);
    const client = createClient(server.config);
    const close = async (): Promise<void> => {
      await client.close();
      await server.stop();
    };
    return { client, compact: () => server.compact(), close };
  });
  describe("a real API server", () => realOnly(bin));
}

function configMap(name: string): Desired {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace: "default" } };
}

function realOnly(bin: string): void {
  let server: ApiServer;
  let proxy: Proxy;
  let client: KubeClient;
  before(async () => {
    server = await startApiServer(bin);
    proxy = await startProxy(Number(new URL(server.config.server).port));
    client = createClient({ ...server.config, server: `https://127.0.0.1:${proxy.port}` });
  });
  after(async () => {
    await client.close();
    await proxy.close();
    await server.stop();
  });

  it("many calls share few connections", async () => {
    for (let count = 0; count < 40; count += 1) await client.list(NAMESPACES);
    assert.ok(proxy.made <= 2, `one after the other: ${proxy.made} connections`);
    await Promise.all(Array.from({ length: 40 }, () => client.list(NAMESPACES)));
    assert.ok(proxy.made <= 8, `at once: ${proxy.made} connections`);
  });

  it("a watch that hangs is noticed, and what was missed is seen", async (test) => {
    const errors: unknown[] = [];
    const cache = new Cache(client, CONFIG_MAPS, { idleMs: 500, onError: (error) => errors.push(error) });
    test.after(() => cache.close());
    const other = createClient(server.config);
    test.after(() => other.close());
    cache.start();
    await cache.waitForSync();
    await other.create(configMap("before-the-hang"));
    await eventually("the watch is alive", () => cache.get("before-the-hang", "default") !== undefined);
    proxy.hang();
    await other.create(configMap("missed"));
    await eventually("the cache has what was missed", () => cache.get("missed", "default") !== undefined);
    assert.ok(errors.some((error) => isReason(error, "Stalled")));
    proxy.cut();
  });

  it("a watch that breaks goes on, and nothing is left open after close", async (test) => {
    await eventually("nothing of earlier is open", () => proxy.open === 0);
    const own = createClient({ ...server.config, server: `https://127.0.0.1:${proxy.port}` });
    test.after(() => own.close());
    const other = createClient(server.config);
    test.after(() => other.close());
    const caches = ["ConfigMap", "Secret", "Pod"].map(
      (kind) => new Cache(own, { apiVersion: "v1", kind }, { backoffMs: [20, 100], onError: () => undefined }),
    );
    test.after(() => Promise.all(caches.map((cache) => cache.close())));
    for (const cache of caches) cache.start();
    await Promise.all(caches.map((cache) => cache.waitForSync()));
    proxy.cut();
    await other.create(configMap("after-the-cut"));
    await eventually("seen after the cut", () => caches[0]?.get("after-the-cut", "default") !== undefined);
    await Promise.all(caches.map((cache) => cache.close()));
    await own.close();
    await eventually("no connection is left", () => proxy.open === 0);
  });

  it("takes the recorder's Events and their counts", async () => {
    const regarding = await client.create(configMap("subject"));
    const errors: unknown[] = [];
    const recorder = new EventRecorder(client, {
      controller: "underpin.dev/operator",
      instance: "contract",
      updateMs: 0,
      onError: (error) => errors.push(error),
    });
    const note = { type: "Warning", reason: "NotReady", action: "Wait", note: "x".repeat(2000) } as const;
    for (let count = 0; count < 3; count += 1) recorder.record(regarding, note);
    recorder.record((await client.get({ apiVersion: "v1", kind: "Namespace", name: "default" })) ?? regarding, note);
    await recorder.flush();
    assert.deepEqual(errors, []);
    const { items } = await client.list({ apiVersion: "events.k8s.io/v1", kind: "Event", namespace: "default" });
    const counts = items.map((event) => [fieldAt(event, "regarding", "kind"), fieldAt(event, "series", "count")]);
    assert.deepEqual(
      counts.toSorted(([a], [b]) => String(a).localeCompare(String(b))),
      [
        ["ConfigMap", 3],
        ["Namespace", undefined],
      ],
    );
  });

  it("a refused token is read again, once", async () => {
    const asked: boolean[] = [];
    const token = (good: string) => (fresh: boolean) => {
      asked.push(fresh);
      return Promise.resolve(fresh ? good : "expired");
    };
    const renewed = createClient({ ...server.config, token: token("admin-token") });
    assert.ok((await renewed.list(NAMESPACES)).items.length > 0);
    assert.deepEqual(asked, [false, true]);
    const wrong = createClient({ ...server.config, token: token("also wrong") });
    await assert.rejects(wrong.list(NAMESPACES), (error) => error instanceof KubeError && error.status === 401);
    assert.deepEqual(asked, [false, true, false, true]);
    await Promise.all([renewed.close(), wrong.close()]);
  });

  it("a kubeconfig with a certificate works", async () => {
    const config = await parseKubeconfig(server.kubeconfig, { source: "test" });
    assert.equal(config.namespace, "somewhere");
    const own = createClient(config);
    assert.ok((await own.list(NAMESPACES)).items.length > 0);
    await own.close();
    await assert.rejects(
      parseKubeconfig(server.kubeconfig, { source: "test", context: "none" }),
      /no "none" in contexts/,
    );
  });

  it("a server that is away is tried a few times, then named", async () => {
    const away = await startProxy(1);
    await away.close();
    const own = createClient({ ...server.config, server: `https://127.0.0.1:${away.port}` });
    const start = Date.now();
    await assert.rejects(own.list(NAMESPACES), (error) => {
      assert.ok(isReason(error, "Unreachable"));
      assert.match(error.message, new RegExp(`GET /api/v1/namespaces.*127.0.0.1:${away.port}`));
      return true;
    });
    const seconds = (Date.now() - start) / 1000;
    assert.ok(seconds > 0.5 && seconds < 60, `${seconds} s`);
    await own.close();
  });

  it("rules of a resource and misspelt fields are refused with their path", async () => {
    await client.apply(WIDGETS, { fieldManager: "contract" });
    const apply = (spec: object) => {
      const object = widget("w", { spec });
      return client.apply(
        { ...object, metadata: { ...object.metadata, namespace: "default" } },
        { fieldManager: "contract" },
      );
    };
    await eventually("the kind is served", () =>
      apply({ size: 3 }).then(
        () => true,
        () => false,
      ),
    );
    await assert.rejects(apply({ size: 1, least: 2 }), (error) => {
      assert.ok(isReason(error, "Invalid"));
      assert.match(error.message, /size must not be below least/);
      assert.equal(error.causes[0]?.field, "spec");
      return true;
    });
    await assert.rejects(apply({ size: "big" }), /spec.size|\.spec\.size/);
    await assert.rejects(apply({ siez: 1 }), /siez/);
  });
}
