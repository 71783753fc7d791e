import assert from "node:assert/strict";
import { test } from "node:test";
import { reloadPods } from "../../src/execute/reload-pods.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import { KubeError } from "../../src/kube/errors.ts";
import { buildDesired } from "../../src/desired/objects.ts";
import { Releases } from "../../src/desired/release-facts.ts";
import { everyRule } from "../../src/operator/rbac-rules.ts";
import { catalogueServices, loadCatalogue } from "../../src/releases/catalogue.ts";
import { releaseNames } from "../../src/releases/index.ts";
import { inPlace, ROLLED } from "../../src/workloads/kit/in-place.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { optionFacts } from "../../src/workloads/kit/option-facts.ts";
import type { Catalogue, CatalogueOption } from "../../src/oslo/catalogue.ts";
import { fixedCloud, fixedInput } from "./build-input.ts";

const SIGNAL = new AbortController().signal;
const followed = (hash: string) => ({ configMaps: [{ namespace: "a", name: "nova-api-mutable", hash }] });

function pod(name: string, configMap: string) {
  const sources = [{ configMap: { name: "nova-base-0" } }, { configMap: { name: configMap } }];
  const volumes = [
    { name: "tmp", emptyDir: {} },
    { name: "config", projected: { sources } },
  ];
  const metadata = { name, namespace: "a", annotations: { mine: "kept" } };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: { volumes } };
}

test("the pods that mount the changed layer are told once, and nobody else", async () => {
  const kube = new FakeKube();
  await kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "a" } });
  for (const one of [pod("api", "nova-api-mutable"), pod("other", "x-mutable"), pod("old", "nova-api-mutable")])
    await kube.create(one);
  const old = { apiVersion: "v1", kind: "Pod", namespace: "a", name: "old" };
  await kube.patch(old, { type: "merge", value: { status: { phase: "Failed" } } }, { subresource: "status" });
  kube.writes.length = 0;
  const reload = reloadPods(kube);
  await reload(followed("one"), SIGNAL);
  assert.deepEqual(kube.writes, ["update Pod/a/api"]);
  const told = await kube.get({ apiVersion: "v1", kind: "Pod", namespace: "a", name: "api" });
  assert.deepEqual(told?.metadata.annotations, { mine: "kept", "underpin.dev/mutable": "one" });
  await reload(followed("one"), SIGNAL);
  assert.equal(kube.writes.length, 1, "it has been told");
  await reload(followed("two"), SIGNAL);
  assert.equal(kube.writes.length, 2);
});

test("a pod that goes while it is told is no failure; a refused write is one", async () => {
  for (const [status, fails] of [
    [404, false],
    [409, false],
    [403, true],
  ] as const) {
    const kube = new FakeKube({
      before: (verb, ref) => {
        if (verb === "patch")
          throw new KubeError(`PATCH ${JSON.stringify(ref)}`, status, { reason: "x", message: "y" });
      },
    });
    await kube.create({ apiVersion: "v1", kind: "Namespace", metadata: { name: "a" } });
    await kube.create(pod("api", "nova-api-mutable"));
    const outcome = await reloadPods(kube)(followed("one"), SIGNAL).then(
      () => "done",
      () => "failed",
    );
    assert.equal(outcome, fails ? "failed" : "done", String(status));
  }
});

test("each workload with such layers reloads them, after they are written and whenever one differs", async () => {
  const workloads = await loadWorkloads();
  const facts = new Releases((_where, error) => assert.fail(String(error)));
  const steps = async (options: unknown) => {
    const cloud = fixedCloud({ services: { nova: { options } } });
    const input = { ...fixedInput(workloads, cloud), release: await facts.facts(cloud) };
    return new Map(buildDesired(workloads, input).steps.map((planned) => [planned.step.id, planned]));
  };
  const [before, after] = [await steps({}), await steps({ DEFAULT: { debug: true } })];
  const names = [...before.keys()].filter((id) => id.endsWith("/reload"));
  assert.deepEqual(
    names.toSorted(),
    ["compute", "glance", "keystone", "network", "neutron", "nova", "placement"].map((name) => `${name}/reload`),
  );
  const reloaded = names.filter((id) => before.get(id)?.hash !== after.get(id)?.hash);
  assert.deepEqual(reloaded.toSorted(), ["compute/reload", "nova/reload"]);
  for (const id of names) assert.deepEqual(before.get(id)?.step.needs, [id.replace("reload", "base")]);
  const changed = [...after].filter(([id, { hash }]) => before.get(id)?.hash !== hash).map(([id]) => id);
  assert.deepEqual(changed.toSorted(), ["compute/base", "compute/reload", "nova/base", "nova/reload"]);
});

test("a Cloud with an image of its own, or of a release without data, is known nothing of", async () => {
  const told: string[] = [];
  const releases = new Releases((where) => told.push(where));
  const own = fixedCloud({ images: { overrides: [{ name: "openstack", image: "x/y@sha256:" + "0".repeat(64) }] } });
  assert.deepEqual(await releases.facts(own), { name: "2025.1" });
  const unknown = { ...fixedCloud(), spec: { ...fixedCloud().spec, release: "1999.1" as "2025.1" } };
  assert.deepEqual(await releases.facts(unknown), { name: "1999.1" });
  assert.deepEqual(told, ["options of release 1999.1"]);
});

test("the operator may write pods, and only their annotations are its business: it may not make or delete them", async () => {
  const rule = (await everyRule()).find(({ resources }) => resources.includes("pods"));
  assert.deepEqual(rule?.verbs, ["get", "list", "watch", "patch"]);
});

test("an option without readers, and a name that two options had, are read by all", () => {
  const option = (name: string, rest: Partial<CatalogueOption> = {}): CatalogueOption => ({
    group: "DEFAULT",
    name,
    type: { kind: "string" },
    namespaces: [],
    ...rest,
  });
  const options = [
    option("path"),
    option("lock", { readBy: ["scheduler"], mutable: true }),
    option("a", { readBy: ["api"], olderNames: [{ group: "old", name: "x" }] }),
    option("b", {
      readBy: ["scheduler"],
      olderNames: [
        { group: "Old", name: "x" },
        { group: "old", name: "y" },
      ],
    }),
  ];
  const catalogue = { groups: ["DEFAULT"], options: () => options } as unknown as Catalogue;
  const { mutable, readBy } = optionFacts(catalogue);
  assert.deepEqual([...mutable], ["DEFAULT.lock"]);
  assert.deepEqual(Object.fromEntries(readBy), {
    "DEFAULT.lock": ["scheduler"],
    "DEFAULT.a": ["api"],
    "DEFAULT.b": ["scheduler"],
    "old.y": ["scheduler"],
  });
});

test("whatever a release marks mutable was looked at, and what is taken in place is marked so", async () => {
  for (const release of await releaseNames()) {
    for (const service of await catalogueServices(release)) {
      const known = inPlace(service);
      if (known.size === 0) continue;
      const { mutable } = optionFacts(await loadCatalogue(release, service));
      const rolled = ROLLED.map(({ option }) => option);
      for (const option of mutable)
        assert.ok(known.has(option) || rolled.includes(option), `${release} ${service} ${option}: in-place.ts`);
      for (const option of known.keys())
        assert.ok(mutable.has(option), `${release} ${service} ${option} is not mutable`);
    }
  }
});
