import assert from "node:assert/strict";
import { test } from "node:test";
import { appliedBy } from "../../src/kube/applied.ts";

const OBJECT = {
  apiVersion: "underpin.dev/v1alpha1",
  kind: "Cloud",
  metadata: {
    name: "laptop",
    namespace: "laptop",
    uid: "u",
    annotations: { mine: "1", other: "2" },
    managedFields: [
      {
        manager: "me",
        operation: "Apply",
        fieldsV1: {
          "f:metadata": { "f:annotations": { "f:mine": {} } },
          "f:spec": {
            "f:release": {},
            "f:compute": { "f:pools": { 'k:{"name":"std"}': { ".": {}, "f:name": {}, "f:maxUnavailable": {} } } },
            "f:services": { "f:nova": { "f:options": { "f:DEFAULT": { "f:debug": {} } } } },
          },
        },
      },
      { manager: "me", operation: "Update", fieldsV1: { "f:spec": { "f:region": {} } } },
      { manager: "me", operation: "Apply", subresource: "status", fieldsV1: { "f:status": {} } },
    ],
  },
  spec: {
    release: "2025.1",
    region: "West",
    compute: { pools: [{ name: "gpu" }, { name: "std", maxUnavailable: 2, virtualization: "KVM" }] },
    services: { nova: { replicas: 2, options: { DEFAULT: { debug: true, workers: 3 } } } },
  },
  status: { phase: "Ready" },
};

test("what a manager applied is what it would apply again; what others set, and what it updated, is not", () => {
  assert.deepEqual(appliedBy(OBJECT, "me"), {
    apiVersion: OBJECT.apiVersion,
    kind: "Cloud",
    metadata: { annotations: { mine: "1" }, name: "laptop", namespace: "laptop" },
    spec: {
      release: "2025.1",
      compute: { pools: [{ name: "std", maxUnavailable: 2 }] },
      services: { nova: { options: { DEFAULT: { debug: true } } } },
    },
  });
  assert.equal(appliedBy(OBJECT, "somebody"), undefined);
});
