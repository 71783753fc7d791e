import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { stringify } from "yaml";
import type { Cloud } from "../../src/api/cloud.ts";
import { orderedSteps } from "../../src/plan/graph.ts";
import { objectKey, type BuildInput, type Manifest, type Workload } from "../../src/workloads/contract.ts";
import { workload as compute } from "../../src/workloads/compute/workload.ts";
import { workload as gateway } from "../../src/workloads/gateway/workload.ts";
import { workload as mariadb } from "../../src/workloads/mariadb/workload.ts";
import { workload as memcached } from "../../src/workloads/memcached/workload.ts";
import { cleanup } from "../../src/workloads/network/cleanup.ts";
import { workload as network } from "../../src/workloads/network/workload.ts";
import { workload as ovn } from "../../src/workloads/ovn/workload.ts";
import { workload as rabbitmq } from "../../src/workloads/rabbitmq/workload.ts";
import { fixedCloud, fixedInput, SECRET_MARK } from "./build-input.ts";

const INFRA = [compute, gateway, mariadb, memcached, network, ovn, rabbitmq] as const;
const SERVICES = ["glance", "keystone", "neutron", "nova", "placement"];

/** Asks for what the OpenStack workloads ask for, so that this test does not depend on them. */
const openstack: Workload = {
  ...memcached,
  name: "openstack",
  credentials: () => [
    ...SERVICES.flatMap((name) => [
      { name: `${name}-database`, keys: { password: "password" as const } },
      { name: `${name}-messaging`, keys: { password: "password" as const } },
      { name: `${name}-user`, keys: { password: "password" as const } },
      { name: `${name}-cache`, keys: { key: "password" as const } },
    ]),
    { name: "nova-metadata", keys: { secret: "password" } },
  ],
};

function inputOf(cloud: Cloud = fixedCloud()): BuildInput {
  return fixedInput([...INFRA, openstack], cloud);
}

const GOLDEN = new URL("./workloads-infra-golden/", import.meta.url);

for (const workload of INFRA) {
  test(`${workload.name} builds what its golden file shows`, () => {
    assertGolden(`${workload.name}.yaml`, workload.build(inputOf()));
  });
}

test("the clean-up of nodes builds what its golden file shows", () => {
  assertGolden("node-cleanup.yaml", cleanup(inputOf(), ["n1"]));
});

/** Secrets are shown by name alone. UPDATE_GOLDEN=1 writes the files anew. */
function assertGolden(name: string, objects: readonly Manifest[]): void {
  const shown = objects.map((one) =>
    one.kind === "Secret" ? { ...one, data: Object.keys(one["data"] as object) } : one,
  );
  const text = shown.map((one) => stringify(one, { lineWidth: 0, aliasDuplicateObjects: false })).join("---\n");
  const file = new URL(name, GOLDEN);
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(file, text);
  }
  const [lines, wanted] = [text.split("\n"), readFileSync(file, "utf8").split("\n")];
  const first = lines.findIndex((line, index) => line !== wanted[index]);
  assert.equal(lines[first], wanted[first], `${name}:${first + 1}; run with UPDATE_GOLDEN=1 and read the difference`);
  assert.equal(lines.length, wanted.length, name);
}

function everything(input: BuildInput): readonly Manifest[] {
  return [...INFRA.flatMap((workload) => workload.build(input)), ...cleanup(input, ["n1"])];
}

test("no secret's value is outside of Secrets, and none is there in plain text by mistake", () => {
  for (const object of everything(inputOf())) {
    const text = JSON.stringify(object);
    assert.ok(!text.includes(SECRET_MARK), objectKey(object));
    if (object.kind !== "Secret") assert.ok(!text.includes(Buffer.from(SECRET_MARK).toString("base64").slice(0, -4)));
  }
});

test("names and labels fit, also in a Cloud with the longest names", () => {
  const long = fixedCloud({ compute: { pools: [{ name: "p".repeat(32) }] } });
  const cloud = { ...long, metadata: { ...long.metadata, name: "c".repeat(30), namespace: "n".repeat(32) } };
  for (const object of everything(inputOf(cloud))) {
    assert.ok(object.metadata.name.length <= 63, object.metadata.name);
    for (const value of Object.values(object.metadata.labels ?? {})) assert.ok(value.length <= 63, value);
  }
});

test("nothing is null or undefined, and every image is known", () => {
  for (const object of everything(inputOf())) {
    const text = JSON.stringify(object, (_key, value: unknown) => (value === undefined ? "UNDEFINED" : value));
    assert.ok(!/UNDEFINED|:null/.test(text), objectKey(object));
    assert.ok(!text.includes('"image":""'), objectKey(object));
  }
});

test("only the nodes namespace holds what touches the host", () => {
  for (const object of everything(inputOf())) {
    const touches = /"(privileged|hostNetwork|hostPID)":true|"hostPath"/.test(JSON.stringify(object));
    assert.ok(!touches || object.metadata.namespace === "laptop-nodes", objectKey(object));
  }
});

test("the steps fit together, and name every object that must be waited for", () => {
  const input = inputOf();
  const parts = INFRA.map((workload) => {
    const objects = workload.build(input);
    return { name: workload.name, objects, steps: workload.procedure(input, objects) };
  });
  // Those of the services are as good as done here.
  const own = new Set(parts.flatMap(({ steps }) => steps.map(({ id }) => id)));
  const alone = parts.map((part) => ({
    ...part,
    steps: part.steps.map((step) => ({ ...step, needs: step.needs.filter((id) => own.has(id)) })),
  }));
  const steps = orderedSteps(alone);
  const base = steps.filter(({ step }) => step.id.endsWith("/base")).flatMap(({ objects }) => objects);
  for (const object of base) assert.ok(["ConfigMap", "Secret"].includes(object.kind), objectKey(object));
  const order = steps.map(({ step }) => step.id);
  assert.ok(order.indexOf("ovn/services") < order.indexOf("network/ovs"));
  assert.ok(order.indexOf("compute/libvirt") < order.indexOf("compute/ready"));
});

test("before the databases have addresses nothing that needs them is built, and the steps still exist", () => {
  const input = inputOf();
  const early = { ...input, facts: { ...input.facts, clusterIPs: {} } };
  assert.deepEqual(network.build(early), []);
  assert.ok(!ovn.build(early).some((one) => one.kind === "Deployment"));
  const ids = (given: BuildInput) =>
    [ovn, network].flatMap((one) => one.procedure(given, one.build(given)).map((step) => step.id));
  assert.deepEqual(ids(early), ids(input));
});

test("what is waited for in the status is built", () => {
  const input = inputOf();
  const keys = new Set(everything(input).map(objectKey));
  for (const key of INFRA.flatMap((workload) => workload.observe(input.cloud).ready)) assert.ok(keys.has(key), key);
});

test("scripts are sound shell, and are what the pods run", () => {
  for (const workload of INFRA) {
    const folder = new URL(`../../src/workloads/${workload.name}/scripts/`, import.meta.url);
    if (!existsSync(folder)) continue;
    for (const name of readdirSync(folder)) {
      const text = readFileSync(new URL(name, folder), "utf8");
      const shell = text.startsWith("#!/bin/bash\n") ? "bash" : "sh";
      assert.ok(text.startsWith(`#!/bin/${shell}\n`), name);
      execFileSync(shell, ["-n"], { input: text });
    }
  }
});
