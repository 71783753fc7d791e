import assert from "node:assert/strict";
import { test } from "node:test";
import { objectKey } from "../../src/api/manifest.ts";
import { type Cloud, readCloud, SERVICE_NAMES } from "../../src/api/cloud.ts";
import { judgeCloud } from "../../src/api/findings.ts";
import { SERVICE_NEEDS } from "../../src/api/services.ts";
import { advance, type StepPorts } from "../../src/execute/execution.ts";
import { buildDesired, type Desired } from "../../src/desired/objects.ts";
import { workloadVerdicts } from "../../src/operator/verdicts.ts";
import { waitsOf } from "../../src/up/answers.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedInput, LAPTOP } from "./build-input.ts";

const workloads = await loadWorkloads();

/** Every choice of services, with none too. */
const CHOICES = Array.from({ length: 2 ** SERVICE_NAMES.length }, (_, bits) =>
  SERVICE_NAMES.filter((_name, index) => (bits & (1 << index)) !== 0),
);

/** The laptop's Cloud as a user would write it, with these services alone. */
function written(enabled: readonly string[]): typeof LAPTOP {
  const services = Object.fromEntries(SERVICE_NAMES.map((name) => [name, { enabled: enabled.includes(name) }]));
  return { ...LAPTOP, spec: { ...LAPTOP.spec, services } as typeof LAPTOP.spec };
}

/** Runs all steps as a cluster would in which everything that is written becomes ready; answers the steps left. */
async function converge(desired: Desired): Promise<readonly string[]> {
  const live = new Set<string>();
  const ports: StepPorts = {
    live: (manifest) => (live.has(objectKey(manifest)) ? manifest : undefined),
    ensure: (manifest) => Promise.resolve(void live.add(objectKey(manifest))),
    readiness: () => ({ state: "ready", message: "" }),
    call: () => ({ state: "done" }),
  };
  const { states, complete } = await advance(desired.steps, {}, ports);
  const open = [...states].filter(([, { state }]) => state !== "done").map(([id]) => id);
  assert.equal(complete, open.length === 0);
  return open;
}

/** The types of services that the witness is told to watch. */
function watchedApis(desired: Desired): unknown {
  const config = desired.objects.find((object) => "witness.json" in ((object["data"] as object | undefined) ?? {}));
  assert.ok(config !== undefined);
  const { "witness.json": text } = config["data"] as { "witness.json": string };
  return (JSON.parse(text) as { apis: unknown }).apis;
}

const TYPES: Readonly<Record<string, string>> = {
  glance: "image",
  keystone: "identity",
  neutron: "network",
  nova: "compute",
  placement: "placement",
};

function verdictsOf(cloud: Cloud, desired: Desired) {
  const keys = new Set(desired.objects.map(objectKey));
  return workloadVerdicts(workloads, fixedInput(workloads, cloud), {
    readiness: (key) => (keys.has(key) ? { state: "ready", message: "" } : undefined),
  });
}

test("every choice of services that is accepted plans, converges and becomes ready", async () => {
  const accepted = CHOICES.filter((enabled) => judgeCloud(written(enabled)).length === 0);
  assert.ok(
    accepted.some((enabled) => enabled.length === 1),
    "keystone alone is a cloud",
  );
  assert.ok(accepted.some((enabled) => enabled.length === SERVICE_NAMES.length));
  for (const enabled of accepted) {
    const told = `with ${enabled.join(", ")}`;
    const cloud = readCloud(written(enabled));
    const desired = buildDesired(workloads, fixedInput(workloads, cloud));
    const steps = desired.steps.map(({ step }) => step.id);
    assert.deepEqual(await converge(desired), [], told);
    const { apis, node } = waitsOf(cloud);
    assert.deepEqual(
      [...apis, ...node].filter((step) => !steps.includes(step)),
      [],
      `up waits in vain ${told}`,
    );
    assert.deepEqual(
      watchedApis(desired),
      SERVICE_NAMES.filter((name) => enabled.includes(name)).map((name) => TYPES[name]),
      told,
    );
    for (const name of SERVICE_NAMES) assert.equal(steps.includes(`${name}/answers`), enabled.includes(name), told);
    const verdicts = verdictsOf(cloud, desired);
    assert.deepEqual(
      verdicts.filter(({ ready }) => !ready).map(({ name, message }) => `${name}: ${message}`),
      [],
      told,
    );
    for (const name of SERVICE_NAMES)
      assert.equal(
        verdicts.some((verdict) => verdict.name === name),
        enabled.includes(name),
        `${name} ${told}`,
      );
  }
});

test("up waits for a node where it makes a guest, which needs nova and a provider network", () => {
  const cloud = readCloud(written(SERVICE_NAMES));
  assert.notDeepEqual(waitsOf(cloud).node, []);
  const closed = { ...cloud, spec: { ...cloud.spec, network: { ...cloud.spec.network, provider: [] } } };
  assert.deepEqual(waitsOf(closed).node, []);
  assert.deepEqual(waitsOf(closed).apis, waitsOf(cloud).apis);
});

test("every other choice is refused, with a finding for each service that is missing and nothing else", () => {
  for (const enabled of CHOICES) {
    const missing = SERVICE_NAMES.filter(
      (name) =>
        !enabled.includes(name) &&
        (name === "keystone" || enabled.some((service) => SERVICE_NEEDS[service]?.includes(name))),
    );
    const findings = judgeCloud(written(enabled)).map(({ code, path }) => `${code} ${path}`);
    assert.deepEqual(
      findings.toSorted(),
      missing.map((name) => `needs-service spec.services.${name}.enabled`).toSorted(),
      `with ${enabled.join(", ")}`,
    );
  }
});
