import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import { type CloudInput, readCloud, resolveService, resolveStorage } from "../../src/api/cloud.ts";
import { type Finding, judgeCloud } from "../../src/api/findings.ts";
import { arbitraryCloud, smallestCloud } from "./arbitrary-cloud.ts";

type Change = (cloud: Record<string, unknown>) => void;

/** The smallest Cloud with one thing set, by its path in dots. */
function withValue(path: string, value: unknown): Record<string, unknown> {
  const cloud: Record<string, unknown> = structuredClone(smallestCloud()) as never;
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  const owner = keys.reduce<Record<string, unknown>>((inner, key) => {
    inner[key] ??= {};
    return inner[key] as Record<string, unknown>;
  }, cloud);
  owner[last] = value;
  return cloud;
}

function codes(findings: readonly Finding[]): string[] {
  return findings.map(({ code, path }) => `${code} ${path}`);
}

test("the examples are right", async () => {
  const cloud: unknown = parse(await readFile(new URL("../../examples/laptop.yaml", import.meta.url), "utf8"));
  assert.deepEqual(judgeCloud(cloud), []);
  const lines =
    (await readFile(new URL("../../examples/laptop.yaml", import.meta.url), "utf8")).split("spec:\n")[1] ?? "";
  assert.ok(lines.trimEnd().split("\n").length <= 15, "the smallest Cloud has at most 15 lines of spec");
});

test("any right Cloud is accepted, and read with its defaults", () => {
  fc.assert(
    fc.property(arbitraryCloud(), (cloud) => {
      assert.deepEqual(judgeCloud(cloud), []);
      assert.equal(readCloud(cloud).spec.region, cloud.spec.region ?? "RegionOne");
    }),
  );
});

test("no input makes the judge throw, and what is no Cloud is never right", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.ok(judgeCloud(value).some((finding) => finding.severity === "error"));
    }),
    { numRuns: 500 },
  );
});

test("every finding has a place, a reason and an example", () => {
  const property = fc.property(fc.jsonValue(), fc.jsonValue(), (network, services) => {
    const cloud = { ...smallestCloud(), spec: { release: "2025.1", network, services } };
    for (const { path, message, code } of judgeCloud(cloud)) {
      assert.match(path, /^spec/);
      assert.match(message, /Example: |Fields here: /);
      assert.match(code, /^[a-z-]+$/);
    }
  });
  fc.assert(property, { numRuns: 300 });
});

const provider = { name: "public", interface: "ext0", cidr: "10.91.0.0/24", pool: "10.91.0.100-10.91.0.200" };
const second = { name: "second", interface: "ext1", cidr: "10.92.0.0/24", pool: "10.92.0.100-10.92.0.200" };

const CASES: readonly (readonly [what: string, path: string, value: unknown, found: string])[] = [
  ["an unknown field", "spec.profle", "Minimal", "unknown-field spec.profle"],
  ["an unknown field deep down", "spec.endpoints.exposure.port", 1, "unknown-field spec.endpoints.exposure.port"],
  ["an unknown service", "spec.services.nove", {}, "unknown-field spec.services.nove"],
  ["a field named like JavaScript's own", "spec.constructor", {}, "unknown-field spec.constructor"],
  ["a number for text", "spec.release", 2025.1, "wrong-type spec.release"],
  ["text for a number", "spec.network.mtu", "1500", "wrong-type spec.network.mtu"],
  ["nothing for a map", "spec.network", null, "wrong-type spec.network"],
  ["a wrong word", "spec.profile", "Huge", "invalid-value spec.profile"],
  ["an unknown release", "spec.release", "2031.1", "unknown-release spec.release"],
  ["no replicas", "spec.services.nova.replicas", 0, "impossible-replicas spec.services.nova.replicas"],
  ["too many replicas", "spec.services.nova.replicas", 16, "impossible-replicas spec.services.nova.replicas"],
  ["half a replica", "spec.services.nova.replicas", 1.5, "wrong-type spec.services.nova.replicas"],
  ["an even quorum", "spec.database.managed.replicas", 2, "impossible-replicas spec.database.managed.replicas"],
  [
    "a quorum that is not built",
    "spec.messaging.managed.replicas",
    3,
    "impossible-replicas spec.messaging.managed.replicas",
  ],
  [
    "a prefix that is none",
    "spec.network.provider",
    [{ ...provider, cidr: "10.91.0.0/33" }],
    "bad-cidr spec.network.provider.0.cidr",
  ],
  [
    "bits beyond the prefix",
    "spec.network.provider",
    [{ ...provider, cidr: "10.91.0.1/24" }],
    "bad-cidr spec.network.provider.0.cidr",
  ],
  [
    "a pool elsewhere",
    "spec.network.provider",
    [{ ...provider, pool: "10.93.0.1-10.93.0.9" }],
    "pool-outside-cidr spec.network.provider.0.pool",
  ],
  [
    "a pool the wrong way round",
    "spec.network.provider",
    [{ ...provider, pool: "10.91.0.9-10.91.0.1" }],
    "bad-pool spec.network.provider.0.pool",
  ],
  [
    "a gateway elsewhere",
    "spec.network.provider",
    [{ ...provider, gateway: "10.93.0.1" }],
    "bad-gateway spec.network.provider.0.gateway",
  ],
  [
    "a gateway that is given away",
    "spec.network.provider",
    [{ ...provider, gateway: "10.91.0.150" }],
    "gateway-in-pool spec.network.provider.0.pool",
  ],
  [
    "overlapping networks",
    "spec.network.provider",
    [provider, { ...second, cidr: "10.91.0.0/16", pool: "10.91.3.1-10.91.3.2" }],
    "overlapping-cidr spec.network.provider.1.cidr",
  ],
  [
    "one VLAN twice",
    "spec.network.provider",
    [provider, { ...second, interface: "ext0" }],
    "same-vlan spec.network.provider.1.vlan",
  ],
  [
    "one name twice",
    "spec.network.provider",
    [provider, { ...second, name: "public" }],
    "duplicate-name spec.network.provider.1.name",
  ],
  [
    "a kind that is not written",
    "spec.drift.kinds",
    [{ kind: "Pod", action: "Report" }],
    "invalid-value spec.drift.kinds.0.kind",
  ],
  [
    "a Secret that is left",
    "spec.drift.kinds",
    [{ kind: "Secret", action: "Report" }],
    "always-repaired spec.drift.kinds.0.action",
  ],
  ["a name too long", "metadata.name", "a".repeat(31), "name-too-long metadata.name"],
  ["a namespace too long", "metadata.namespace", "a".repeat(33), "name-too-long metadata.namespace"],
  [
    "a pool's name too long",
    "spec.compute.pools",
    [{ name: "a".repeat(33) }],
    "name-too-long spec.compute.pools.0.name",
  ],
  ["a bad name", "metadata.name", "My.Cloud", "bad-name metadata.name"],
  [
    "no option",
    "spec.services.nova.options.DEFAULT.debug",
    null,
    "wrong-type spec.services.nova.options.DEFAULT.debug",
  ],
  ["External without where", "spec.database.type", "External", "union spec.database"],
  ["a file from nowhere", "spec.services.nova.files", [{ path: "/etc/x" }], "union spec.services.nova.files.0"],
  ["a database of somebody else", "spec.database.type", "External", "unsupported spec.database.type"],
  [
    "devices",
    "spec.compute.pools",
    [{ name: "std", devices: [{ name: "gpu", vendorID: "10de", productID: "20b0" }] }],
    "unsupported spec.compute.pools.0.devices",
  ],
  ["nova without what it needs", "spec.services.glance.enabled", false, "needs-service spec.services.glance.enabled"],
  ["another version", "apiVersion", "underpin.dev/v2", "invalid-value apiVersion"],
];

for (const [what, path, value, found] of CASES) {
  test(`${what} is found at its place`, () =>
    assert.ok(
      codes(judgeCloud(withValue(path, value))).includes(found),
      codes(judgeCloud(withValue(path, value))).join("; "),
    ));
}

test("a missing field names itself", () => {
  const cloud = withValue("spec", {});
  assert.deepEqual(codes(judgeCloud(cloud)), ["missing-field spec.release"]);
});

test("a slip of the finger gets the name that was meant", () => {
  const [finding] = judgeCloud(withValue("spec.servces", {}));
  assert.match(finding?.message ?? "", /Did you mean services\?/);
});

test("a range of the cluster below is not given to a network", () => {
  const taken = [{ cidr: "10.91.0.0/16", what: "the pods' network" }];
  assert.deepEqual(codes(judgeCloud(withValue("spec.network.provider", [provider]), taken)), [
    "overlapping-cidr spec.network.provider.0.cidr",
  ]);
});

test("the operator reads a newer Cloud: what it does not know is dropped", () => {
  const newer: Change = (cloud) => Object.assign(cloud, { extra: true });
  const cloud = withValue("spec.telescope", { lens: 1 });
  newer(cloud);
  assert.ok(!("telescope" in readCloud(cloud).spec));
  assert.throws(() => readCloud(withValue("spec.profile", "Huge")), /Cloud laptop: spec\.profile: /);
});

test("a profile decides what the Cloud leaves open", () => {
  const cloud = (spec: object): CloudInput => ({ ...smallestCloud(), spec: { release: "2025.1", ...spec } });
  assert.equal(resolveService(readCloud(cloud({})), "keystone").replicas, 1);
  assert.equal(resolveService(readCloud(cloud({ profile: "Standard" })), "keystone").replicas, 3);
  assert.equal(resolveService(readCloud(cloud({ profile: "Standard" })), "gateway").replicas, 2);
  const own = readCloud(cloud({ profile: "Large", services: { keystone: { replicas: 2 } } }));
  assert.equal(resolveService(own, "keystone").replicas, 2);
  assert.deepEqual(resolveStorage(own, "database"), { size: "200Gi" });
});
