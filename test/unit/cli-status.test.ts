import assert from "node:assert/strict";
import { test } from "node:test";
import { readCloud } from "../../src/api/cloud.ts";
import { operatorWrong, wrongAdmission } from "../../src/cli/operator-report.ts";
import { cloudReport, wrongClouds } from "../../src/cli/status-report.ts";
import { statusLines } from "../../src/cli/verbs/status.ts";
import { LAPTOP } from "./build-input.ts";

const WHEN = "2026-01-01T00:00:00Z";

function cloud(status: { phase: string; conditions: Record<string, string>; message?: string }, metadata: object = {}) {
  const { phase, message = "", conditions } = status;
  const list = Object.entries(conditions).map(([type, value]) => ({
    type,
    status: value,
    reason: phase,
    message,
    lastTransitionTime: WHEN,
  }));
  return readCloud({
    ...LAPTOP,
    metadata: { ...LAPTOP.metadata, ...metadata },
    status: { phase, ready: "1/1", conditions: list, services: [{ name: "keystone", ready: true }] },
  });
}

test("a paused Cloud that works is told as Paused, with how to go on, and nothing is wrong", () => {
  const paused = cloud({ phase: "Paused", conditions: { Ready: "True", Paused: "True" } });
  assert.deepEqual(wrongClouds([paused]), []);
  const report = {
    cluster: { state: "running", message: "" },
    clouds: [cloudReport(paused)],
    nodes: [],
    hypervisors: [],
  };
  const lines = statusLines({ ...report, wrong: [] }, false, new Date(WHEN));
  assert.match(lines[1] ?? "", /laptop\/laptop: OpenStack 2025\.1, Paused, 1\/1 workloads/);
  assert.match(
    lines[2] ?? "",
    /spec\.change\.paused is true; go on with: underpin kubectl -n laptop patch cloud laptop/,
  );
});

test("what is not as it was planned is told, and is not wrong by itself", () => {
  const message = "Deployment/laptop/placement: spec.replicas 1 → 3, by kubectl; it is left so";
  const conditions = { Ready: "True", Drifted: "True" };
  const drifted = cloud({ phase: "Ready", message, conditions });
  assert.equal(cloudReport(drifted).note, `drifted: ${message}`);
  assert.deepEqual(wrongClouds([drifted]), []);
  assert.equal(cloudReport(cloud({ phase: "Ready", conditions: { ...conditions, Drifted: "False" } })).note, undefined);
});

test("a Cloud on its way out tells what it waits for, and is wrong only when somebody has to act", () => {
  const going = { deletionTimestamp: WHEN };
  const message = "its pods end";
  const waiting = cloud({ phase: "Deleting", message, conditions: { Ready: "False", Stalled: "False" } }, going);
  assert.deepEqual(wrongClouds([waiting]), []);
  const { phase, note } = cloudReport(waiting);
  assert.deepEqual([phase, note], ["Deleting", "waiting until its pods end"]);
  const stuck = cloud(
    { phase: "Deleting", message: "Read why", conditions: { Ready: "False", Stalled: "True" } },
    going,
  );
  assert.equal(wrongClouds([stuck])[0]?.why, "Read why");
});

test("an operator that does not run is wrong, and a webhook that does not answer", () => {
  const deployment = (available: number) => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "underpin-operator", namespace: "underpin-system", generation: 1 },
    spec: { replicas: 1 },
    status: {
      observedGeneration: 1,
      replicas: 1,
      updatedReplicas: 1,
      readyReplicas: available,
      availableReplicas: available,
    },
  });
  assert.deepEqual(operatorWrong(deployment(1)), []);
  assert.deepEqual(operatorWrong(undefined), []);
  assert.match(operatorWrong(deployment(0))[0]?.why ?? "", /changes of a Cloud's options are refused/);
  const none = { ...deployment(0), spec: { replicas: 0 }, status: { observedGeneration: 1 } };
  assert.match(operatorWrong(none)[0]?.why ?? "", /scaled to nothing/);
  const lost = cloud({ phase: "Ready", message: "it is away", conditions: { Ready: "True", Admission: "False" } });
  const [wrong] = wrongAdmission([lost]);
  assert.deepEqual([wrong?.what, wrong?.why, wrong?.since], ["admission", "it is away", WHEN]);
  assert.deepEqual(wrongAdmission([cloud({ phase: "Ready", conditions: { Ready: "True", Admission: "True" } })]), []);
});
