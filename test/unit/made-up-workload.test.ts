// A made-up workload is one folder in a copy of the product: everything that goes over workloads takes it, untouched.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const PLACE = mkdtempSync(join(tmpdir(), "underpin-made-up-"));
after(() => rmSync(PLACE, { recursive: true }));

cpSync(join(ROOT, "src"), join(PLACE, "src"), { recursive: true });
cpSync(join(ROOT, "package.json"), join(PLACE, "package.json"));
cpSync(join(ROOT, "test/fixtures/made-up-workload"), join(PLACE, "src/workloads"), { recursive: true });
symlinkSync(join(ROOT, "node_modules"), join(PLACE, "node_modules"));

/** A module of the copy. */
function copied<Module>(path: string): Promise<Module> {
  return import(pathToFileURL(join(PLACE, path)).href) as Promise<Module>;
}

const { loadWorkloads } = await copied<typeof import("../../src/workloads/registry.ts")>("src/workloads/registry.ts");
const { everyRule, sampleInput } =
  await copied<typeof import("../../src/operator/rbac-rules.ts")>("src/operator/rbac-rules.ts");
const { buildDesired } = await copied<typeof import("../../src/desired/objects.ts")>("src/desired/objects.ts");
const { workloadVerdicts } = await copied<typeof import("../../src/operator/verdicts.ts")>("src/operator/verdicts.ts");
const workloads = await loadWorkloads();
const input = sampleInput(workloads, "Standard");
const desired = buildDesired(workloads, input);

test("the registry finds the workload, and its place in a tree of its own", async () => {
  assert.ok(workloads.some(({ name }) => name === "heartbeat"));
  const alone = await loadWorkloads(new URL("../fixtures/made-up-workload/", import.meta.url));
  assert.deepEqual(
    alone.map(({ name }) => name),
    ["heartbeat"],
  );
});

test("its steps come after those that it needs, and its other objects before them", () => {
  const order = desired.steps.map(({ step }) => step.id);
  assert.ok(order.indexOf("keystone/catalog") >= 0);
  assert.ok(order.indexOf("heartbeat/api") > order.indexOf("keystone/catalog"));
  assert.ok(order.indexOf("heartbeat/api") > order.indexOf("heartbeat/base"));
  assert.ok(order.indexOf("witness/ready") > order.indexOf("heartbeat/answers"));
  const own = desired.steps.find(({ step }) => step.id === "heartbeat/api");
  assert.deepEqual(
    own?.objects.map(({ kind }) => kind),
    ["Deployment"],
  );
});

test("the operator gets the rights for the kind that no other workload has, and only then", async () => {
  const hasPolicies = (rules: Awaited<ReturnType<typeof everyRule>>): boolean =>
    rules.some(({ resources, verbs }) => resources.includes("networkpolicies") && verbs.includes("patch"));
  assert.ok(hasPolicies(await everyRule()));
  const { cloudRules } = await copied<typeof import("../../src/operator/rbac.ts")>("src/operator/rbac.ts");
  const others = workloads.filter(({ name }) => name !== "heartbeat");
  assert.ok(!hasPolicies(cloudRules(others.flatMap((workload) => workload.build(input)))));
});

test("the Cloud has its fields with their defaults", () => {
  const service: Readonly<Record<string, unknown>> = { ...input.cloud.spec.services["heartbeat"] };
  assert.equal(service["beatsPerMinute"], 60);
  assert.equal(service["enabled"], true);
});

test("its password is made, keystone is told of it, and its state is part of the status", () => {
  assert.equal(input.facts.credentials["heartbeat-user"]?.["password"], "sample");
  const catalog = desired.steps.find(({ step }) => step.id === "keystone/catalog")?.step;
  assert.ok(JSON.stringify(catalog).includes('"heartbeat-user"'));
  const verdict = workloadVerdicts(workloads, input, { readiness: () => undefined }).find(
    ({ name }) => name === "heartbeat",
  );
  assert.equal(verdict?.message, "Deployment heartbeat: does not exist yet");
  assert.equal(verdict.endpoint, `https://${input.facts.publicEndpoint}/heartbeat`);
});

test("its image is built and its API is watched", async () => {
  const { loadRecipes } = await copied<typeof import("../../src/images/registry.ts")>("src/images/registry.ts");
  assert.equal((await loadRecipes()).get("heartbeat")?.from, "debian");
  const { loadDefinitions } =
    await copied<typeof import("../../src/witness/definitions.ts")>("src/witness/definitions.ts");
  assert.ok((await loadDefinitions()).some(({ api }) => api === "heartbeat"));
});
