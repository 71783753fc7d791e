// Plans of a snapshot: no secret is in the file, and what is told is what the cluster's own plan tells.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import fc from "fast-check";
import { readCloud } from "../../src/api/cloud.ts";
import { captureCloud } from "../../src/desired/capture.ts";
import { planCloud } from "../../src/desired/plan-cloud.ts";
import { planOffline } from "../../src/desired/plan-offline.ts";
import { Releases } from "../../src/desired/release-facts.ts";
import { secretText } from "../../src/desired/snapshot.ts";
import { parseSnapshot, snapshotText, type SnapshotFile, SnapshotFileError } from "../../src/desired/snapshot-file.ts";
import { readState, settledSpec, STATE_NAME } from "../../src/desired/state.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import { writeState } from "../../src/operator/state.ts";
import { originWords } from "../../src/plan/line-origin.ts";
import type { Plan } from "../../src/plan/plan.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedInput, LAPTOP } from "./build-input.ts";
import { carryOutCloud, prepareCluster } from "./cloud-cluster.ts";

const workloads = await loadWorkloads();
const { images } = fixedInput(workloads);
const releases = new Releases(() => undefined);
const BUILDERS = { workloads, images, clusterDomain: "cluster.local" };
const GIVEN = "TheVeryOwnKeyOfTheUser";

function cloudOf(spec: object, metadata: object = {}) {
  const { name, namespace } = LAPTOP.metadata;
  return { ...LAPTOP, metadata: { name, namespace, ...metadata }, spec: { ...LAPTOP.spec, ...spec } };
}

/** What a plan says of objects, without the hashes in names: those that follow from secrets are others offline. */
function told({ objects }: Plan): string[] {
  const plain = (key: string): string => key.replace(/-[0-9a-f]{10}$/, "");
  return objects.map(({ type, key, fields }) => {
    const paths = fields.map(({ path }) => path);
    return `${type} ${plain(key)} ${paths.toSorted().join(" ")}`;
  });
}

const secretOptions = [{ group: "glance", option: "key_file", secretRef: { name: "given", key: "k" } }];
const SPEC = { services: { nova: { secretOptions } } };

describe("a snapshot", () => {
  const kube = new FakeKube();
  let file: SnapshotFile;
  let text: string;

  before(async () => {
    await prepareCluster(kube, cloudOf(SPEC), ["n1"]);
    const given = {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "given", namespace: "laptop" },
      type: "Opaque",
    };
    await kube.create({ ...given, data: { k: Buffer.from(GIVEN).toString("base64") } });
    const stored = await kube.create(cloudOf(SPEC));
    await carryOutCloud(kube, readCloud(stored), BUILDERS);
    const options = { client: kube, ...BUILDERS, operator: "operator:1", releases, now: new Date(0) };
    file = await captureCloud({ namespace: "laptop", name: "laptop" }, options);
    text = snapshotText(file);
  });

  const live = (spec: object): Promise<Plan> =>
    planCloud(readCloud(cloudOf(spec)), {
      client: kube,
      ...BUILDERS,
      operator: "operator:1",
      catalogue: "c",
      releases,
    });
  const offline = (spec: object, of = parseSnapshot(text)): Promise<Plan> =>
    planOffline(readCloud(cloudOf(spec)), of, { workloads, catalogue: "c", releases });

  test("holds no secret's value, in no form", async () => {
    const { items } = await kube.list({ apiVersion: "v1", kind: "Secret", namespace: "laptop" });
    const values = items
      .flatMap((item) => Object.entries(secretText(item) ?? {}))
      .filter(([key, value]) => value.length >= 12 && !/(tls|ca)\.crt$/.test(key))
      .map(([, value]) => value);
    assert.ok(values.length > 20 && values.includes(GIVEN));
    const forms = values.flatMap((value) => [
      value,
      JSON.stringify(value).slice(1, -1),
      encodeURIComponent(value),
      Buffer.from(value).toString("base64"),
    ]);
    const decoded = JSON.stringify(file.objects.map((object) => [object.metadata.name, secretText(object)]));
    for (const form of forms) assert.ok(!text.includes(form) && !decoded.includes(form), "a secret is in the file");
    assert.match(decoded, /mysql\+pymysql:\/\/nova:[0-9a-f]{32}@/);
    assert.ok(!decoded.includes("PRIVATE KEY"));
    assert.deepEqual(file.opaque, []);
  });

  test("of what is, nothing is to be done: unchanged secrets read as unchanged", async () => {
    const found = await offline(SPEC);
    assert.deepEqual([told(found), found.steps, found.empty], [[], [], true]);
    assert.deepEqual([found.hash, found.approximate?.made], ["offline", "1970-01-01T00:00:00.000Z"]);
    assert.match(found.notes[0] ?? "", /^Approximate, and not to be approved/);
  });

  test("changes are told as the cluster's own plan tells them", async () => {
    const specs: object[] = [
      { ...SPEC, region: "North" },
      { ...SPEC, network: { ...LAPTOP.spec.network, mtu: 1400 } },
      { services: { nova: { secretOptions, options: { DEFAULT: { debug: true } } } } },
      { services: { nova: { secretOptions, replicas: 2 }, glance: { replicas: 3 } } },
      { services: { glance: { options: { DEFAULT: { workers: 3 } } } } },
      { ...SPEC, images: { registry: "mirror.example.org/cloud" } },
      { ...SPEC, endpoints: { hostname: "cloud.example.org" } },
      { ...SPEC, compute: { pools: [{ name: "std", options: { libvirt: { num_pcie_ports: 16 } } }] } },
    ];
    for (const spec of specs) {
      const [asked, foretold] = [await live(spec), await offline(spec)];
      const what = JSON.stringify(spec);
      assert.deepEqual(told(foretold), told(asked), what);
      assert.deepEqual(
        foretold.steps.map(({ id, database }) => [id, database]),
        asked.steps.map(({ id, database }) => [id, database]),
        what,
      );
      assert.deepEqual(
        foretold.workloads.map(({ controller, effect }) => [controller, effect]),
        asked.workloads.map(({ controller, effect }) => [controller, effect]),
        what,
      );
      assert.deepEqual(foretold.count, asked.count, what);
    }
  });

  test("volumes that cannot be changed are told as refused", async () => {
    const { refused } = await offline({ ...SPEC, profile: "Standard" });
    assert.deepEqual(
      refused.map(({ key }) => key),
      ["StatefulSet/laptop/mariadb", "StatefulSet/laptop/rabbitmq"],
    );
  });

  test("a Secret that the snapshot does not have is taken to be there, and told", async () => {
    const other = [{ group: "glance", option: "key_file", secretRef: { name: "later", key: "k" } }];
    const found = await offline({ services: { nova: { secretOptions: other } } });
    assert.ok(found.notes.some((note) => /does not have these Secrets.*: later$/.test(note)));
    assert.ok(!found.empty);
  });

  test("a Secret that somebody edited is known by a hash alone, and told", async () => {
    const { metadata } = file.objects.find(({ metadata: one }) => one.name.startsWith("nova-secret-")) ?? assert.fail();
    const { items } = await kube.list({ apiVersion: "v1", kind: "Secret", namespace: "laptop" });
    const object = items.find(({ metadata: one }) => one.name.startsWith("nova-secret-")) ?? assert.fail();
    const ref = { apiVersion: "v1", kind: "Secret", namespace: "laptop", name: object.metadata.name };
    const hand = Buffer.from("[DEFAULT]\ntransport_url = typedByHand4711\n").toString("base64");
    const kept = object["data"] as Record<string, string>;
    await kube.patch(ref, { type: "merge", value: { data: { "20-secret.conf": hand } } }, { fieldManager: "edit" });
    const options = { client: kube, ...BUILDERS, operator: "operator:1", releases, now: new Date(0) };
    const edited = await captureCloud({ namespace: "laptop", name: "laptop" }, options);
    await kube.patch(ref, { type: "merge", value: { data: kept } }, { fieldManager: "edit" });
    assert.deepEqual(edited.opaque, [`Secret/laptop/${metadata.name}`]);
    assert.ok(!snapshotText(edited).includes("typedByHand") && !snapshotText(edited).includes(hand));
    const found = await offline(SPEC, edited);
    assert.deepEqual(
      found.objects.map(({ key }) => key),
      edited.opaque,
    );
    assert.ok(found.notes.some((note) => /only a hash is known/.test(note)));
  });

  test("a Cloud that was changed and not carried out is told from what is in effect", async () => {
    const where = { namespace: "laptop", name: "laptop" };
    const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "laptop", name: STATE_NAME };
    const state = readState(await kube.get(ref));
    const { spec } = readCloud(cloudOf(SPEC));
    const effect = { spec: settledSpec(spec), generation: 1, operator: "operator:1", plan: "laptop-1" };
    await writeState(kube, where, { ...state, effect });
    const more = [
      ...secretOptions,
      { group: "cinder", option: "auth_password", secretRef: { name: "given", key: "k" } },
    ];
    const next = { services: { nova: { secretOptions: more } } };
    await kube.patch(
      { apiVersion: "underpin.dev/v1alpha1", kind: "Cloud", ...where },
      { type: "merge", value: { spec: next } },
    );
    const options = { client: kube, ...BUILDERS, operator: "operator:1", releases, now: new Date(0) };
    const between = await captureCloud(where, options);
    assert.deepEqual(between.opaque, []);
    assert.deepEqual(told(await offline(SPEC, between)), []);
    const [asked, foretold] = [await live(next), await offline(next, between)];
    assert.ok(told(asked).some((one) => one.startsWith("changed Secret/laptop/nova-secret")));
    assert.deepEqual(told(foretold), told(asked));
    const [line] = foretold.configuration.filter(({ option }) => option === "auth_password");
    assert.equal(
      line === undefined ? undefined : originWords(line),
      "spec.services.nova.secretOptions[1], before the release's default",
    );
    await writeState(kube, where, state);
  });

  test("of another Cloud it is refused", async () => {
    const other = readCloud(cloudOf({}, { name: "other" }));
    await assert.rejects(planOffline(other, file, { workloads, catalogue: "c" }), {
      name: "CannotPlanError",
      message: "the snapshot is of the Cloud laptop/laptop, and the file has laptop/other",
    });
  });

  test("a file that is broken, cut off, foreign or of a later version is one clear error", () => {
    const refuses = (damaged: string, reason: RegExp): void =>
      assert.throws(
        () => parseSnapshot(damaged),
        (error) => error instanceof SnapshotFileError && reason.test(error.message),
      );
    for (const foreign of ["", "x", "{}", "[]", "null", "kind: Cloud\n", '{"format":"other"}'])
      refuses(foreign, /not a snapshot that underpin made/);
    refuses(text.slice(0, -10), /its end is missing/);
    refuses(
      text.replace('"formatVersion":1', '"formatVersion":2'),
      /a later version of underpin made it: its form is 2/,
    );
    refuses(text.replace('"cluster.local"', '"cluster.other"'), /was changed after it was made/);
    fc.assert(
      fc.property(fc.nat(text.length - 3), (length) => {
        assert.throws(() => parseSnapshot(text.slice(0, length)), SnapshotFileError);
      }),
      { numRuns: 30 },
    );
    assert.deepEqual(parseSnapshot(JSON.stringify(JSON.parse(text), null, 2)), parseSnapshot(text));
  });
});
