// What is built again only when builders are told something else.
import assert from "node:assert/strict";
import { test } from "node:test";
import { DesiredMemo } from "../../src/desired/memo.ts";
import { buildDesired } from "../../src/desired/objects.ts";
import type { BuildInput } from "../../src/workloads/contract.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedInput } from "./build-input.ts";

const WORKLOADS = await loadWorkloads();

test("an equal input gives what was built before, whatever was written to the Cloud meanwhile", () => {
  const memo = new DesiredMemo();
  const input = fixedInput(WORKLOADS);
  const first = memo.build(WORKLOADS, input);
  assert.deepEqual(first, buildDesired(WORKLOADS, input));
  const { cloud } = input;
  const written: BuildInput = {
    ...structuredClone({ ...input, release: undefined }),
    release: { ...input.release },
    cloud: { ...cloud, metadata: { ...cloud.metadata, resourceVersion: "2", generation: 7 }, status: undefined },
  };
  assert.equal(memo.build(WORKLOADS, written), first);
});

test("whatever builders may read makes it new", () => {
  const memo = new DesiredMemo();
  const input = fixedInput(WORKLOADS);
  const { cloud, facts, images, release } = input;
  const [credential = "", keys = {}] = Object.entries(facts.credentials)[0] ?? [];
  const [key = ""] = Object.keys(keys);
  const others: Readonly<Record<string, BuildInput>> = {
    "the spec": { ...input, cloud: { ...cloud, spec: { ...cloud.spec, region: "Other" } } },
    "the Cloud's name": { ...input, cloud: { ...cloud, metadata: { ...cloud.metadata, name: "other" } } },
    "an image": { ...input, images: { ...images, openstack: "registry.example/openstack:1" } },
    "a credential": {
      ...input,
      facts: { ...facts, credentials: { ...facts.credentials, [credential]: { ...keys, [key]: "another" } } },
    },
    "a node": { ...input, facts: { ...facts, nodes: [] } },
    "an address": { ...input, facts: { ...facts, clusterIPs: {} } },
    "the release": { ...input, release: { ...release, name: "2026.1" } },
    "the release's options": { ...input, release: { ...release, options: {} } },
  };
  for (const [what, other] of Object.entries(others)) {
    const before = memo.build(WORKLOADS, input);
    const after = memo.build(WORKLOADS, other);
    assert.notEqual(after, before, what);
    assert.deepEqual(after, buildDesired(WORKLOADS, other), what);
  }
});
