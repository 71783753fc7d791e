import assert from "node:assert/strict";
import { test } from "node:test";
import {
  canonicalQuantity,
  configLayers,
  container,
  contentName,
  deployment,
  job,
  podDisruptionBudget,
  type Owner,
} from "../../src/workloads/kit/index.ts";
import { resolveService } from "../../src/api/cloud.ts";
import { fixedCloud, fixedInput } from "./build-input.ts";

const owner: Owner = { input: fixedInput([]), workload: "keystone", name: "keystone-api" };
const sleeper = container({ name: "api", image: "underpin.local/debian:1", command: ["sleep", "1"] });

test("quantities have the API server's form", () => {
  const pairs = {
    "1000m": "1",
    "0.5": "500m",
    "1024Mi": "1Gi",
    "0.5Gi": "512Mi",
    "256Mi": "256Mi",
    "2": "2",
    "1500": "1500",
    "1000": "1k",
    "0": "0",
    "1.5": "1500m",
    "1e3": "1e3",
  };
  for (const [given, canonical] of Object.entries(pairs)) assert.equal(canonicalQuantity(given), canonical, given);
  assert.throws(() => canonicalQuantity("many"), TypeError);
});

test("a name says its content, and stays within 63 characters", () => {
  assert.equal(contentName("a", { x: 1, y: 2 }), contentName("a", { y: 2, x: 1 }));
  assert.notEqual(contentName("a", { x: 1 }), contentName("a", { x: 2 }));
  assert.ok(contentName("x".repeat(80), {}).length <= 63);
});

test("a Job's name changes with anything in its pod, and only then", () => {
  const pod = { uid: 42425, containers: [sleeper] };
  assert.equal(job(owner, pod).metadata.name, job(owner, pod).metadata.name);
  const other = {
    ...pod,
    containers: [container({ name: "api", image: "underpin.local/debian:2", command: ["sleep"] })],
  };
  assert.notEqual(job(owner, pod).metadata.name, job(owner, other).metadata.name);
});

test("equal layers are the same objects, whoever asks; a secret is only in the Secret", () => {
  const layers = configLayers({ owner, base: [{ a: { b: 1 } }], secret: [{ a: { password: "hidden" } }] });
  assert.deepEqual(
    layers.objects.map(({ kind }) => kind),
    ["ConfigMap", "Secret", "ConfigMap"],
  );
  const again = configLayers({ owner, base: [{ a: { b: 1 } }], secret: [{ a: { password: "hidden" } }] });
  assert.deepEqual(layers, again);
  assert.ok(!JSON.stringify(layers).includes("hidden"), "a Secret holds it in base64");
});

test("a user's options reach the component that they are for, the component's own winning", () => {
  const options = { DEFAULT: { debug: true, my_ip: "$host" } };
  const components = [{ name: "scheduler", options: { DEFAULT: { debug: false } } }];
  const nova = resolveService(fixedCloud({ services: { nova: { options, components } } }), "nova");
  const written = (component: string) => {
    const user = { service: "nova", resolved: nova, component };
    return JSON.stringify(configLayers({ owner, base: [], secret: [], user }).objects[0]);
  };
  assert.match(written("scheduler"), /debug = false.*my_ip = \$host/);
  assert.match(written("conductor"), /debug = true/);
});

test("no field is null, undefined or an empty map that the API server would drop", () => {
  const text = JSON.stringify(deployment(owner, { uid: 42425, replicas: 1, containers: [sleeper], annotations: {} }));
  assert.doesNotMatch(text, /null|"(annotations|nodeSelector|env)":\{\}|:\[\]/);
});

test("a single replica has no disruption budget; several have one that lets one go", () => {
  assert.equal(podDisruptionBudget(owner, 1).length, 0);
  assert.equal(podDisruptionBudget(owner, 2).length, 1);
});
