import assert from "node:assert/strict";
import { test } from "node:test";
import { readIni } from "../../src/oslo/read.ts";
import type { BuildInput } from "../../src/workloads/contract.ts";
import { novaBase, novaSecret } from "../../src/workloads/nova/config.ts";
import { workload } from "../../src/workloads/nova/workload.ts";
import { fixedCloud, fixedInput, SECRET_MARK } from "./build-input.ts";
import { checkGolden, checkRestricted, checkSteps, fileOf, named, pods } from "./workload-objects.ts";

const COMPONENTS = ["nova-api", "nova-metadata", "nova-conductor", "nova-scheduler", "nova-novncproxy"];

function input(nova: Readonly<Record<string, unknown>> = {}): BuildInput {
  return fixedInput([workload], fixedCloud({ services: { nova } }));
}

/** A file of each component's pod, parsed. */
function read(given: BuildInput, component: string, name: string) {
  const objects = workload.build(given);
  return readIni(fileOf(objects, pods(objects)[component], name));
}

function credentials(given: BuildInput, more: BuildInput["facts"]["credentials"]): BuildInput {
  return { ...given, facts: { ...given.facts, credentials: { ...given.facts.credentials, ...more } } };
}

test("nova is built as the golden file says", () => checkGolden(workload, fixedInput([workload])));
test("nova keeps its secrets in Secrets and to the restricted level", () => checkRestricted(workload, input()));
test("nova: every controller and Job is in one step", () => checkSteps(workload, input()));

test("nova has its parts, each with the configuration of all three layers", () => {
  const objects = workload.build(input());
  assert.deepEqual(Object.keys(pods(objects)).sort(), ["nova-db", ...COMPONENTS].sort());
  for (const component of COMPONENTS) {
    assert.equal(read(input(), component, "10-base.conf")["DEFAULT"]?.["state_path"]?.[0], "/var/lib/nova");
    assert.match(read(input(), component, "20-secret.conf")["DEFAULT"]?.["transport_url"]?.[0] ?? "", /^rabbit:/);
    assert.equal(fileOf(objects, pods(objects)[component], "90-mutable.conf"), "");
  }
});

test("nova-compute's part knows no database and no token cache", () => {
  const text = JSON.stringify([novaBase(input()), novaSecret(input())]);
  assert.doesNotMatch(text, /mysql|memcache|metadata_proxy_shared_secret/);
  assert.match(text, /transport_url/);
});

test("an option of one component reaches it alone, and no option runs the database's Job again", () => {
  const options = { DEFAULT: { debug: true } };
  const changed = input({ options, components: [{ name: "scheduler", options: { own: { a: 1 } } }] });
  for (const component of COMPONENTS) {
    const base = read(changed, component, "10-base.conf");
    assert.deepEqual(base["DEFAULT"]?.["debug"], ["true"], component);
    assert.deepEqual(base["own"], component === "nova-scheduler" ? { a: ["1"] } : undefined, component);
  }
  assert.deepEqual(named(workload.build(changed), "Job"), named(workload.build(input()), "Job"));
});

test("a new database password runs the Job again; a new one of the message bus does not", () => {
  const job = (given: BuildInput) => named(workload.build(given), "Job");
  const other = { password: "another" };
  assert.notDeepEqual(job(credentials(input(), { "nova-database": other })), job(input()));
  assert.deepEqual(job(credentials(input(), { "nova-messaging": other })), job(input()));
});

test("a user's secret option wins over ours, and policy rules reach every part", () => {
  const given = credentials(
    input({
      policy: { "a:b": "role:reader" },
      secretOptions: [{ group: "placement", option: "password", secretRef: { name: "mine", key: "k" } }],
    }),
    { mine: { k: `${SECRET_MARK}-mine` } },
  );
  const objects = workload.build(given);
  for (const component of COMPONENTS) {
    assert.deepEqual(read(given, component, "20-secret.conf")["placement"]?.["password"], [`${SECRET_MARK}-mine`]);
    assert.equal(fileOf(objects, pods(objects)[component], "policy.yaml"), '"a:b": "role:reader"\n');
  }
});

test("one thread serves nova's APIs, so that no request is made of them as a probe", () => {
  const objects = workload.build(input());
  for (const name of ["nova-api", "nova-metadata"]) {
    const [server] = pods(objects)[name]?.containers ?? [];
    const command = server?.command.join(" ") ?? "";
    assert.match(command, /--blocking-threads 1 --no-http1-keep-alive/);
    assert.ok("tcpSocket" in (server?.readinessProbe ?? {}), name);
    const drain = server?.lifecycle?.preStop?.sleep?.seconds ?? 0;
    assert.ok(drain >= 6 && (pods(objects)[name]?.terminationGracePeriodSeconds ?? 0) >= drain + 60);
  }
});

test("the bus's heartbeat has a thread of its own in the APIs, and in no daemon", () => {
  for (const component of COMPONENTS) {
    const [own] = read(input(), component, "10-base.conf")["oslo_messaging_rabbit"]?.["heartbeat_in_pthread"] ?? [];
    assert.equal(own, String(component === "nova-api" || component === "nova-metadata"), component);
  }
});

test("replicas: each component its own, with a disruption budget from two on", () => {
  const objects = workload.build(input({ replicas: 2, components: [{ name: "api", replicas: 3 }] }));
  const replicas = Object.fromEntries(
    objects
      .filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet")
      .map((one) => [one.metadata.name, (one as unknown as { spec: { replicas: number } }).spec.replicas]),
  );
  assert.deepEqual([replicas["nova-api"], replicas["nova-conductor"]], [3, 2]);
  assert.deepEqual([...named(objects, "PodDisruptionBudget")].sort(), [...COMPONENTS].sort());
  assert.deepEqual(named(workload.build(input()), "PodDisruptionBudget"), []);
});

test("the gateway's and the nodes' names of nova are headless Services", () => {
  const services = workload.build(input()).filter(({ kind }) => kind === "Service") as unknown as readonly {
    metadata: { name: string };
    spec: { clusterIP: string; ports: { port: number }[] };
  }[];
  assert.deepEqual(
    services.map(({ metadata, spec }) => [metadata.name, spec.clusterIP, spec.ports[0]?.port]),
    [
      ["nova-api", "None", 8774],
      ["nova-metadata", "None", 8775],
      ["nova-novncproxy", "None", 6080],
    ],
  );
});

test("the nodes of the Cloud are what is waited for", () => {
  const step = workload.procedure(input(), workload.build(input())).find(({ id }) => id === "nova/compute-mapped");
  assert.deepEqual(step?.type === "call" ? step.input : undefined, { hosts: ["n1"] });
});

test("nova that is disabled has no objects, steps or credentials", () => {
  const given = input({ enabled: false });
  assert.deepEqual(workload.build(given), []);
  assert.deepEqual(workload.procedure(given, []), []);
  assert.deepEqual(workload.credentials(given.cloud), []);
});
