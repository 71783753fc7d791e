import assert from "node:assert/strict";
import { test } from "node:test";
import { readIni } from "../../src/oslo/read.ts";
import type { BuildInput } from "../../src/workloads/contract.ts";
import { workload } from "../../src/workloads/neutron/workload.ts";
import { fixedCloud, fixedInput, LAPTOP } from "./build-input.ts";
import { checkGolden, checkRestricted, checkSteps, fileOf, named, pods } from "./workload-objects.ts";

const PROCESSES = ["neutron", "neutron-periodic", "neutron-maintenance"];

function input(spec: Readonly<Record<string, unknown>> = {}): BuildInput {
  return fixedInput([workload], fixedCloud(spec));
}

function base(given: BuildInput, process: string) {
  const objects = workload.build(given);
  return readIni(fileOf(objects, pods(objects)[process], "10-base.conf"));
}

test("neutron is built as the golden file says", () => checkGolden(workload, input()));
test("neutron keeps its secrets in Secrets and to the restricted level", () => checkRestricted(workload, input()));
test("neutron: every controller and Job is in one step", () => checkSteps(workload, input()));

test("all processes share one configuration, with OVN by its addresses", () => {
  const objects = workload.build(input());
  assert.deepEqual(Object.keys(pods(objects)).sort(), ["neutron-db", ...PROCESSES].sort());
  assert.equal(named(objects, "ConfigMap").filter((name) => name.startsWith("neutron-base-")).length, 1);
  const ovn = base(input(), "neutron")["ovn"];
  assert.deepEqual(ovn?.["ovn_nb_connection"], ["tcp:10.96.1.41:6641"]);
  assert.deepEqual(ovn?.["ovn_sb_connection"], ["tcp:10.96.1.42:6642"]);
  assert.deepEqual(ovn?.["ovn_emit_need_to_frag"], ["false"]);
});

test("the Cloud's provider networks and packet size are neutron's", () => {
  const given = input({ network: { ...LAPTOP.spec.network, mtu: 9000 } });
  const read = base(given, "neutron");
  assert.deepEqual(read["ml2_type_flat"]?.["flat_networks"], ["public"]);
  assert.deepEqual(read["DEFAULT"]?.["global_physnet_mtu"], ["9000"]);
  assert.deepEqual(read["ml2"]?.["path_mtu"], ["9000"]);
});

test("without OVN's addresses there is the schema and the Service, and nothing that would start again later", () => {
  const given = input();
  const early = { ...given, facts: { ...given.facts, clusterIPs: { "ovn-nb": "10.96.1.41" } } };
  const objects = workload.build(early);
  assert.deepEqual(Object.keys(pods(objects)), ["neutron-db"]);
  assert.deepEqual(named(objects, "Service"), ["neutron"]);
  assert.deepEqual(named(objects, "Job"), named(workload.build(given), "Job"));
  checkSteps(workload, early);
});

test("the workers begin when the API has answered, and a node can run guests if there is to be one", () => {
  const workersOf = (given: BuildInput) =>
    workload.procedure(given, workload.build(given)).find(({ id }) => id === "neutron/workers");
  const workers = workersOf(input());
  assert.deepEqual(workers?.needs, ["neutron/answers", "nova/compute-mapped"]);
  assert.deepEqual(workersOf(input({ services: { nova: { enabled: false } } }))?.needs, ["neutron/answers"]);
  assert.equal(workers?.type === "apply" ? workers.objects.length : 0, 2);
});

test("an option of one component reaches it alone, and no option runs the database's Job again", () => {
  const neutron = { options: { DEFAULT: { debug: true } }, components: [{ name: "api", options: { own: { a: 1 } } }] };
  const changed = input({ services: { neutron } });
  assert.deepEqual(base(changed, "neutron-periodic")["DEFAULT"]?.["debug"], ["true"]);
  assert.deepEqual(base(changed, "neutron")["own"], { a: ["1"] });
  assert.equal(base(changed, "neutron-periodic")["own"], undefined);
  assert.deepEqual(named(workload.build(changed), "Job"), named(workload.build(input()), "Job"));
});

test("a pod has one process with one thread, and several pods have a disruption budget", () => {
  const objects = workload.build(input({ profile: "Large", services: { neutron: { replicas: 3 } } }));
  const command = pods(objects)["neutron"]?.containers[0]?.command.join(" ") ?? "";
  assert.match(command, /--workers 1 --blocking-threads 1 --no-http1-keep-alive/);
  assert.deepEqual(named(objects, "PodDisruptionBudget"), ["neutron"]);
});

test("neutron that is disabled has no objects, steps or credentials", () => {
  const given = input({ services: { neutron: { enabled: false } } });
  assert.deepEqual(workload.build(given), []);
  assert.deepEqual(workload.procedure(given, []), []);
  assert.deepEqual(workload.credentials(given.cloud), []);
});
