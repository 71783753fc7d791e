// Where the changed lines of a plan come from: what the Cloud, its profile, Underpin or the release says.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { readCloud } from "../../src/api/cloud.ts";
import { planCloud } from "../../src/desired/plan-cloud.ts";
import { Releases } from "../../src/desired/release-facts.ts";
import { FakeKube } from "../../src/kube/fake.ts";
import { loadClaims } from "../../src/options/owned.ts";
import type { LineChange } from "../../src/plan/configuration.ts";
import { originWords, pathText } from "../../src/plan/line-origin.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedInput, LAPTOP } from "./build-input.ts";
import { carryOutCloud, prepareCluster } from "./cloud-cluster.ts";

const workloads = await loadWorkloads();
const { images } = fixedInput(workloads);
const BUILDERS = { workloads, images, clusterDomain: "cluster.local" };
const REST = { operator: "o", catalogue: "c", releases: new Releases(() => undefined), claims: await loadClaims() };

function cloudOf(spec: object) {
  const { name, namespace } = LAPTOP.metadata;
  return { ...LAPTOP, metadata: { name, namespace }, spec: { ...LAPTOP.spec, ...spec } };
}

/** The nova of the cluster. */
const NOVA = {
  options: { DEFAULT: { osapi_compute_workers: 3, debug: true }, glance: { num_retries: 4 } },
  policy: { "os_compute_api:servers:create": "rule:admin_api" },
};

describe("lines of a plan", () => {
  const kube = new FakeKube();

  before(async () => {
    await prepareCluster(kube, cloudOf({}), ["n1"]);
    const stored = await kube.create(cloudOf({ services: { nova: NOVA } }));
    await carryOutCloud(kube, readCloud(stored), BUILDERS);
  });

  async function linesOf(spec: object): Promise<readonly LineChange[]> {
    const plan = await planCloud(readCloud(cloudOf(spec)), { client: kube, ...BUILDERS, ...REST });
    return plan.configuration;
  }

  async function told(spec: object, option: string): Promise<(string | undefined)[]> {
    const lines = (await linesOf(spec)).filter((line) => line.option === option);
    return [...new Set(lines.map(originWords))];
  }

  test("the user's names its place, on both sides", async () => {
    const changed = { ...NOVA, options: { ...NOVA.options, glance: { num_retries: 5 } } };
    assert.deepEqual(await told({ services: { nova: changed } }, "num_retries"), [
      "spec.services.nova.options.glance.num_retries",
    ]);
    const moved = {
      ...NOVA,
      options: { DEFAULT: NOVA.options.DEFAULT },
      components: [{ name: "api", options: { glance: { num_retries: 5 } } }],
    };
    assert.deepEqual(await told({ services: { nova: moved } }, "num_retries"), [
      "the release's default, before spec.services.nova.options.glance.num_retries",
      "spec.services.nova.components[0].options.glance.num_retries, before spec.services.nova.options.glance.num_retries",
    ]);
  });

  test("one that is taken back, or is new, has the release's default on the other side", async () => {
    assert.deepEqual(await told({ services: { nova: { ...NOVA, options: {} } } }, "num_retries"), [
      "the release's default, before spec.services.nova.options.glance.num_retries",
    ]);
    const added = { ...NOVA, options: { ...NOVA.options, vnc: { enabled: true }, pci: { report_in_placement: true } } };
    assert.deepEqual(await told({ services: { nova: added } }, "report_in_placement"), [
      "spec.services.nova.options.pci.report_in_placement, before the release's default",
    ]);
  });

  test("of a file that running processes follow, too", async () => {
    const changed = { ...NOVA, options: { ...NOVA.options, DEFAULT: { osapi_compute_workers: 3, debug: false } } };
    const words = await told({ services: { nova: changed } }, "debug");
    assert.deepEqual(words, ["spec.services.nova.options.DEFAULT.debug"]);
  });

  test("a rule of a policy is a line, with its place", async () => {
    const lines = await linesOf({ services: { nova: { ...NOVA, policy: { "os_compute_api:servers:create": "!" } } } });
    const [rule] = lines.filter(({ file }) => file === "policy.yaml");
    assert.ok(rule !== undefined);
    assert.deepEqual([rule.before, rule.after], [["rule:admin_api"], ["!"]]);
    assert.equal(originWords(rule), 'spec.services.nova.policy["os_compute_api:servers:create"]');
    const [path] = (await linesOf({ services: { nova: { ...NOVA, policy: {} } } })).filter(
      ({ option }) => option === "policy_file",
    );
    assert.match(
      originWords(path ?? assert.fail()) ?? "",
      /^the release's default, before Underpin, by spec\.services\.nova\.policy/,
    );
  });

  test("Underpin's says which field of the Cloud decides it", async () => {
    const lines = await linesOf({ services: { nova: NOVA }, network: { ...LAPTOP.spec.network, mtu: 1400 } });
    const mtu = lines.find(({ option }) => option === "global_physnet_mtu") ?? assert.fail();
    assert.match(originWords(mtu) ?? "", /^Underpin, by spec\.network\.mtu/);
  });

  test("every line of every service knows where both of its sides come from", async () => {
    const lines = await linesOf({
      region: "North",
      services: { nova: NOVA, neutron: { options: { DEFAULT: { dns_domain: "a." } } } },
    });
    assert.ok(lines.length > 10);
    for (const line of lines)
      assert.ok(line.from?.before !== undefined && line.from.after !== undefined, `${line.object} ${line.option}`);
  });

  test("a file that somebody broke is told without it", async () => {
    const { items } = await kube.list({ apiVersion: "v1", kind: "ConfigMap", namespace: "laptop" });
    const object = items.find(({ metadata }) => metadata.name.startsWith("nova-base-")) ?? assert.fail();
    const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "laptop", name: object.metadata.name };
    const data = { "10-base.conf": "no option at all" };
    await kube.patch(ref, { type: "merge", value: { data } }, { fieldManager: "edit" });
    const lines = await linesOf({ services: { nova: NOVA } });
    assert.ok(lines.length > 10);
    assert.ok(lines.every(({ from }) => from?.after !== undefined && from.before === undefined));
  });
});

test("a path is written as people write it", () => {
  assert.equal(
    pathText(["spec", "compute", "pools", "0", "options", "a.b", "c"]),
    'spec.compute.pools[0].options["a.b"].c',
  );
});
