import assert from "node:assert/strict";
import { test } from "node:test";
import { readCloud, SERVICE_NAMES } from "../../src/api/cloud.ts";
import { judgeCloud } from "../../src/api/findings.ts";
import { buildDesired } from "../../src/operator/desired.ts";
import { sampleInput } from "../../src/operator/rbac-rules.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";

const workloads = await loadWorkloads();
const sample = sampleInput(workloads, "Minimal");

/** Every choice of services; keystone is in all, since without it there is no cloud. */
function choices(): readonly (readonly string[])[] {
  const others = SERVICE_NAMES.filter((name) => name !== "keystone");
  return Array.from({ length: 2 ** others.length }, (_, bits) => [
    "keystone",
    ...others.filter((_name, index) => (bits & (1 << index)) !== 0),
  ]);
}

/** The sample as a user would write it, with these services alone. */
function written(enabled: readonly string[]): Record<string, unknown> {
  const { apiVersion, kind, metadata, spec } = sample.cloud;
  const services = Object.fromEntries(SERVICE_NAMES.map((name) => [name, { enabled: enabled.includes(name) }]));
  const { release, network, compute } = spec;
  return { apiVersion, kind, metadata, spec: { release, network, compute, services } };
}

test("the steps fit together for every choice of services that is accepted", () => {
  const accepted = choices().filter((enabled) => judgeCloud(written(enabled)).length === 0);
  assert.ok(accepted.length >= 5 && accepted.length < choices().length, `${accepted.length} choices are accepted`);
  for (const enabled of accepted) {
    const cloud = readCloud(written(enabled));
    const steps = buildDesired(workloads, { ...sample, cloud }).steps.map(({ step }) => step.id);
    for (const name of SERVICE_NAMES)
      assert.equal(steps.includes(`${name}/answers`), enabled.includes(name), `${name} of ${enabled.join(", ")}`);
  }
});
