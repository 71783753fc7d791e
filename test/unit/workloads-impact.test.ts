// What users notice while pods are replaced: every step that takes pods away before others come says it, or why nobody notices.
import assert from "node:assert/strict";
import { test } from "node:test";
import { objectKey } from "../../src/api/manifest.ts";
import type { PlannedStep } from "../../src/plan/graph.ts";
import { workloadImpacts } from "../../src/plan/impact.ts";
import { buildDesired } from "../../src/desired/objects.ts";
import { loadWorkloads } from "../../src/workloads/registry.ts";
import { fixedCloud, fixedInput } from "./build-input.ts";

const workloads = await loadWorkloads();

function stepsOf(spec: Readonly<Record<string, unknown>>): readonly PlannedStep[] {
  return buildDesired(workloads, fixedInput(workloads, fixedCloud(spec))).steps;
}

/** What happens to the pods of a step when all of them get another template. */
function effects({ objects }: PlannedStep): readonly string[] {
  const changes = objects.map((object) => ({
    type: "changed" as const,
    key: objectKey(object),
    fields: [{ path: "spec.template.spec" }],
  }));
  return workloadImpacts(changes, { live: objects, after: objects }).map(({ effect }) => effect);
}

/** Steps whose only pod goes before another comes, and nobody notices, with the reason. */
const UNNOTICED: Readonly<Record<string, string>> = {
  "neutron/workers": "they mend from time to time; for minutes none is needed",
  "witness/ready": "no user asks it; the evidence tells that it was blind",
};

test("every step that takes its pods away before others come says what users notice", () => {
  const found = stepsOf({}).filter((planned) => effects(planned).includes("recreates"));
  assert.ok(found.length >= 10, `${found.length} steps`);
  assert.deepEqual(
    found.filter(({ step }) => step.impact === undefined).map(({ step }) => step.id),
    Object.keys(UNNOTICED),
  );
});

test("what is declared, for how long while nothing is measured", () => {
  const declared = stepsOf({}).flatMap(({ step: { id, impact } }) =>
    impact === undefined ? [] : [`${id}: ${impact.level} on ${impact.on}, ${impact.seconds} s`],
  );
  assert.deepEqual(declared.toSorted(), [
    "compute/libvirt: WritesFail on servers of the node, 15 s",
    "compute/ready: WritesFail on servers of the node, 30 s",
    "mariadb/ready: Fails on every API, 20 s",
    "memcached/ready: ReadsSlow on every API, 10 s",
    "network/metadata: ReadsSlow on metadata of guests that start, 20 s",
    "network/ovs: Fails on traffic of guests, 5 s",
    "network/ready: WritesFail on networks of the node, 10 s",
    "nova/conductor: WritesFail on servers, 30 s",
    "nova/novncproxy: ReadsSlow on open consoles, to be opened again, 5 s",
    "nova/scheduler: WritesFail on servers, 30 s",
    "ovn/databases: WritesFail on networks, 15 s",
    "rabbitmq/ready: WritesFail on servers and networks, 20 s",
  ]);
});

test("the APIs behind the gateway have none with one replica either: a new pod is ready before the old one goes", () => {
  const apis = ["keystone/api", "glance/api", "placement/api", "neutron/api", "nova/api", "gateway/ready"];
  const found = stepsOf({}).filter(({ step }) => apis.includes(step.id));
  assert.deepEqual(found.map(({ step }) => step.id).toSorted(), apis.toSorted());
  for (const planned of found) {
    assert.deepEqual([...new Set(effects(planned))], ["rolls"], planned.step.id);
    assert.equal(planned.step.impact, undefined, planned.step.id);
    for (const object of planned.objects.filter(({ kind }) => kind === "Deployment")) {
      const { strategy } = object["spec"] as { strategy: { rollingUpdate?: unknown } };
      assert.deepEqual(strategy.rollingUpdate, { maxUnavailable: 0, maxSurge: 1 }, planned.step.id);
    }
  }
});

test("of several conductors and schedulers one at a time goes, and nobody notices", () => {
  const steps = stepsOf({ services: { nova: { replicas: 2 } } });
  for (const id of ["nova/conductor", "nova/scheduler"])
    assert.equal(steps.find(({ step }) => step.id === id)?.step.impact, undefined, id);
});
