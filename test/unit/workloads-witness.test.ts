import assert from "node:assert/strict";
import { test } from "node:test";
import { orderedSteps } from "../../src/plan/graph.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { workload as witness } from "../../src/workloads/witness/workload.ts";
import { readConfig } from "../../src/witness/config.ts";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fixedCloud, fixedInput, SECRET_MARK } from "./build-input.ts";
import { checkGolden, fileOf, pods } from "./workload-objects.ts";

const workloads = await loadWorkloads();
const input = fixedInput(workloads);

test("the witness builds what its golden file shows", () => checkGolden(witness, input));

test("the witness waits until every enabled API answers, and nothing waits for it", () => {
  const steps = orderedSteps(
    workloads.map((one) => ({
      name: one.name,
      objects: one.build(input),
      steps: one.procedure(input, one.build(input)),
    })),
  );
  const ready = steps.find(({ step }) => step.id === "witness/ready");
  for (const service of ["keystone", "glance", "placement", "neutron", "nova"]) {
    assert.ok(ready?.step.needs.includes(`${service}/answers`), service);
  }
  assert.deepEqual(
    steps.filter(({ step }) => step.needs.includes("witness/ready")),
    [],
  );
});

test("a service that is disabled is not waited for", () => {
  const cloud = fixedCloud({ services: { glance: { enabled: false } } });
  const other = fixedInput(workloads, cloud);
  const needs = witness.procedure(other, witness.build(other)).flatMap((step) => step.needs);
  assert.ok(needs.includes("nova/answers") && !needs.includes("glance/answers"));
});

test("the program reads the configuration that the workload gives it, and no secret is in it", async () => {
  const objects = witness.build(input);
  const text = fileOf(objects, pods(objects)["witness"], "witness.json");
  assert.doesNotMatch(JSON.stringify(objects), new RegExp(SECRET_MARK));
  const folder = await mkdtemp(join(tmpdir(), "witness-config-"));
  try {
    await writeFile(join(folder, "witness.json"), text);
    const config = await readConfig(join(folder, "witness.json"));
    assert.equal(config.users.member.passwordFile, "/etc/underpin/witness-user/password");
    await writeFile(join(folder, "witness.json"), `{"authUrl": "x"}`);
    await assert.rejects(readConfig(join(folder, "witness.json")), /lacks region, caFile/);
  } finally {
    await rm(folder, { recursive: true });
  }
});
