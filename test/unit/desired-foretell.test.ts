// What is foretold without an API server: server-side apply as far as our objects need it.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { foretell } from "../../src/desired/foretell.ts";
import { Applier } from "../../src/kube/apply.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import type { KubeObject } from "../../src/kube/types.ts";
import type { Manifest } from "../../src/workloads/contract.ts";

const APPLIER = { fieldManager: "underpin-operator", shapeAnnotation: "underpin.dev/shape" };

/** An API server (made up, held to the same contract as the real one) with one object that we applied. */
async function world(manifest: Manifest): Promise<{ kube: FakeKube; applier: Applier; live: KubeObject }> {
  const kube = new FakeKube();
  await kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "laptop" } });
  const applier = new Applier(kube, APPLIER);
  const { object } = await applier.apply(manifest, undefined);
  return { kube, applier, live: object };
}

function foretold(manifest: Manifest, live?: KubeObject) {
  const [found] = foretell([manifest], new Map(live === undefined ? [] : [[`${live.kind}/laptop/x`, live]]));
  return found ?? assert.fail();
}

function content({ metadata, ...rest }: Manifest): object {
  const { labels, annotations } = metadata;
  return { ...rest, metadata: { labels, annotations } };
}

function configMap(data: Readonly<Record<string, string>>, labels: Readonly<Record<string, string>> = {}): Manifest {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "x", namespace: "laptop", labels: { ours: "x", ...labels } },
    data: { kept: "1", ...data },
  };
}

function deployment(containers: readonly object[], replicas = 1): Manifest {
  const spec = { replicas, selector: { matchLabels: { a: "x" } }, template: { spec: { containers } } };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "x", namespace: "laptop" }, spec };
}

const texts = fc.dictionary(fc.constantFrom("a", "b", "c.conf", "d/e"), fc.constantFrom("1", "2", ""), {
  noNullPrototype: true,
});

test("what is as wanted stays the very object", async () => {
  const { live } = await world(configMap({ a: "1" }));
  const found = foretold(configMap({ a: "1" }), live);
  assert.ok(found.type === "kept" && found.after === live);
});

test("generated changes of data and labels are foretold as the server makes them, whatever others own", async () => {
  await fc.assert(
    fc.asyncProperty(texts, texts, texts, texts, async (before, after, labels, otherLabels) => {
      const { kube, applier, live } = await world(configMap(before, labels));
      const theirs = { metadata: { labels: { theirs: "x" } } };
      const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "laptop", name: "x" };
      const edited = await kube.patch(ref, { type: "merge", value: theirs }, { fieldManager: "kubectl-edit" });
      assert.notEqual(edited.metadata.resourceVersion, live.metadata.resourceVersion);
      const wanted = configMap(after, otherLabels);
      const found = foretold(wanted, edited);
      const { object } = await applier.apply(wanted, edited);
      assert.ok(found.type === "kept");
      assert.deepEqual(content(found.after), content(object));
    }),
    { numRuns: 60 },
  );
});

test("containers are found by their names, and one that is given up goes", async () => {
  const api = { name: "api", image: "i:1", env: [{ name: "A", value: "1" }], args: ["x", "y"] };
  const { applier, live } = await world(deployment([api, { name: "side", image: "s:1" }]));
  for (const wanted of [
    deployment([{ ...api, image: "i:2" }]),
    deployment([{ name: "new", image: "n" }, api, { name: "side", image: "s:1" }], 3),
    deployment([
      { ...api, args: ["z"], env: [] },
      { name: "side", image: "s:2" },
    ]),
    deployment([
      { name: "api", image: "i:1" },
      { name: "side", image: "s:1" },
    ]),
  ]) {
    const found = foretold(wanted, live);
    const { object } = await applier.apply(wanted, live, { dryRun: true });
    assert.ok(found.type === "kept");
    assert.deepEqual(normal(found.after), normal(object));
  }
});

/** An empty list and none are the same; the order of containers is the server's. */
function normal(object: Manifest): unknown {
  const plain = JSON.parse(JSON.stringify(content(object)).replaceAll(/,?"\w+":\[\]/g, "")) as {
    spec: { template: { spec: { containers: { name: string }[] } } };
  };
  plain.spec.template.spec.containers.sort((a, b) => (a.name < b.name ? -1 : 1));
  return plain;
}

test("a quantity in another spelling is no change", async () => {
  const limits = (memory: string) => deployment([{ name: "api", resources: { limits: { memory, cpu: "1" } } }]);
  const { live } = await world(limits("1Gi"));
  const found = foretold(limits("1024Mi"), live);
  assert.ok(found.type === "kept" && found.after === live);
});

test("volumes of a StatefulSet cannot be changed; replicas can", async () => {
  const set = (size: string, replicas: number): Manifest => ({
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: { name: "x", namespace: "laptop" },
    spec: { replicas, volumeClaimTemplates: [{ metadata: { name: "data" }, spec: { size } }] },
  });
  const { live } = await world(set("1Gi", 1));
  assert.equal(foretold(set("1Gi", 2), live).type, "kept");
  const refused = foretold(set("2Gi", 1), live);
  assert.ok(refused.type === "refused");
  assert.match(refused.message, /^spec\.volumeClaimTemplates: /);
});

test("a new Service has an address that can be none of a cluster, a headless one none", () => {
  const service = (spec: object): Manifest => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "x", namespace: "laptop" },
    spec,
  });
  const address = (spec: object): unknown => {
    const found = foretold(service(spec));
    return found.type === "kept" ? (found.after["spec"] as { clusterIP?: string }).clusterIP : assert.fail();
  };
  assert.match(String(address({ ports: [] })), /^198\.51\.100\.\d+$/);
  assert.equal(address({ clusterIP: "None" }), "None");
});
