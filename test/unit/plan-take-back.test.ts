// What leads a Cloud back: what a plan did is undone, and what was changed since stays.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type CloudSpec, readCloud } from "../../src/api/cloud.ts";
import { canonicalJson } from "../../src/content/canonical.ts";
import { edited, pathText, shortened, takeBack } from "../../src/plan/take-back.ts";
import { arbitraryCloud } from "./arbitrary-cloud.ts";
import { LAPTOP } from "./build-input.ts";

type Spec = Readonly<Record<string, unknown>>;

const filled = (spec: object): CloudSpec => readCloud({ ...LAPTOP, spec }).spec;
const laptop = (more: object): Spec => ({ ...LAPTOP.spec, ...more });
/** Without what no plan leads back. */
const settled = ({ change: _change, drift: _drift, ...spec }: CloudSpec): string => canonicalJson(spec);
const sorted = (spec: CloudSpec): CloudSpec => ({
  ...spec,
  compute: { pools: spec.compute.pools.toSorted((a, b) => (a.name < b.name ? -1 : 1)) },
  network: { ...spec.network, provider: spec.network.provider.toSorted((a, b) => (a.name < b.name ? -1 : 1)) },
});

function takenBack(before: object, made: object, now: object) {
  const found = takeBack({ before: filled(before), made: filled(made) }, filled(now));
  return { ...found, spec: filled(edited(filled(now), found.edits)) };
}

test("where nothing was changed since, it leads to what was before, and to nothing else", () => {
  fc.assert(
    fc.property(arbitraryCloud(), arbitraryCloud(), (one, other) => {
      const { conflicts, spec } = takenBack(one.spec, other.spec, other.spec);
      assert.deepEqual(conflicts, []);
      assert.equal(settled(sorted(spec)), settled(sorted(filled(one.spec))));
      assert.equal(canonicalJson(spec.change), canonicalJson(filled(other.spec).change));
    }),
  );
});

test("what is so already needs nothing", () => {
  fc.assert(
    fc.property(arbitraryCloud(), arbitraryCloud(), (one, other) => {
      assert.deepEqual(takenBack(one.spec, other.spec, one.spec).edits, []);
    }),
  );
});

test("what was changed elsewhere since stays", () => {
  const options = { DEFAULT: { debug: true } };
  const before = laptop({ services: { glance: { replicas: 1 } } });
  const made = laptop({
    services: { glance: { replicas: 2, options } },
    compute: { pools: [{ name: "std" }, { name: "gpu" }] },
  });
  const now = laptop({
    services: { glance: { replicas: 2, options: { DEFAULT: { debug: true, workers: 3 } } }, nova: { replicas: 3 } },
    compute: { pools: [{ name: "std", maxUnavailable: 2 }, { name: "gpu" }, { name: "big" }] },
  });
  const { conflicts, spec } = takenBack(before, made, now);
  assert.deepEqual(conflicts, []);
  assert.equal(spec.services["glance"]?.replicas, 1);
  assert.deepEqual(spec.services["glance"]?.options, { DEFAULT: { workers: 3 } });
  assert.equal(spec.services["nova"]?.replicas, 3);
  assert.deepEqual(
    spec.compute.pools.map(({ name, maxUnavailable }) => [name, maxUnavailable]),
    [
      ["std", 2],
      ["big", 1],
    ],
  );
});

test("what was changed again is a conflict, with all three values", () => {
  const of = (replicas: number) => laptop({ services: { glance: { replicas } } });
  const { edits, conflicts } = takenBack(of(1), of(2), of(3));
  assert.deepEqual(edits, []);
  assert.deepEqual(conflicts, [{ path: ["services", "glance", "replicas"], now: 3, made: 2, before: 1 }]);
  const pools = (maxUnavailable: number) => laptop({ compute: { pools: [{ name: "std", maxUnavailable }] } });
  const [conflict] = takenBack(pools(1), pools(2), pools(3)).conflicts;
  assert.equal(pathText(conflict?.path ?? []), "spec.compute.pools[std].maxUnavailable");
});

test("what has its default without being said is not said", () => {
  const before = filled(LAPTOP.spec);
  const stored = laptop({ network: { ...LAPTOP.spec.network, mtu: 1400 }, compute: { pools: [] } });
  const { edits } = takeBack({ before, made: filled(stored) }, filled(stored));
  const target = canonicalJson(filled(edited(stored, edits)));
  const short = shortened(edits, (other) => {
    try {
      return canonicalJson(filled(edited(stored, other))) === target;
    } catch {
      return false;
    }
  });
  assert.deepEqual(short, [
    { path: ["network", "mtu"] },
    { path: ["compute", "pools", { name: "std" }], value: { name: "std" } },
  ]);
});
