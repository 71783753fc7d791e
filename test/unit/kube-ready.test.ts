import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readiness } from "../../src/kube/ready.ts";
import { Resources } from "../../src/kube/resources.ts";

const CASES: readonly [string, string, object, string, RegExp][] = [
  ["a new Deployment", "Deployment", { status: {} }, "progressing", /controller/],
  [
    "an old generation",
    "Deployment",
    { generation: 2, status: { observedGeneration: 1 } },
    "progressing",
    /not seen the change/,
  ],
  [
    "a rolled out Deployment",
    "Deployment",
    { spec: { replicas: 2 }, status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 } },
    "ready",
    /ready/,
  ],
  [
    "old replicas",
    "Deployment",
    { spec: { replicas: 1 }, status: { observedGeneration: 1, replicas: 2, updatedReplicas: 1, availableReplicas: 2 } },
    "progressing",
    /1 old/,
  ],
  [
    "unavailable replicas",
    "Deployment",
    { spec: { replicas: 2 }, status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 1 } },
    "progressing",
    /1 of 2/,
  ],
  ["no replicas wanted", "Deployment", { spec: { replicas: 0 }, status: { observedGeneration: 1 } }, "ready", /ready/],
  [
    "a stuck Deployment",
    "Deployment",
    {
      status: {
        observedGeneration: 1,
        conditions: [
          { type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded", message: "timed out" },
        ],
      },
    },
    "failed",
    /timed out/,
  ],
  [
    "a StatefulSet half updated",
    "StatefulSet",
    {
      spec: { replicas: 3 },
      status: {
        observedGeneration: 1,
        currentRevision: "a",
        updateRevision: "b",
        updatedReplicas: 1,
        readyReplicas: 3,
      },
    },
    "progressing",
    /1 of 3 replicas updated/,
  ],
  [
    "a StatefulSet",
    "StatefulSet",
    {
      spec: { replicas: 1 },
      status: { observedGeneration: 1, currentRevision: "a", updateRevision: "a", readyReplicas: 1 },
    },
    "ready",
    /ready/,
  ],
  [
    "a StatefulSet updated on delete",
    "StatefulSet",
    {
      spec: { replicas: 1, updateStrategy: { type: "OnDelete" } },
      status: { observedGeneration: 1, currentRevision: "a", updateRevision: "b", readyReplicas: 1 },
    },
    "ready",
    /ready/,
  ],
  [
    "a DaemonSet",
    "DaemonSet",
    { status: { observedGeneration: 1, desiredNumberScheduled: 2, updatedNumberScheduled: 2, numberAvailable: 1 } },
    "progressing",
    /1 of 2 nodes/,
  ],
  [
    "a DaemonSet updated on delete",
    "DaemonSet",
    {
      spec: { updateStrategy: { type: "OnDelete" } },
      status: { observedGeneration: 1, desiredNumberScheduled: 1, updatedNumberScheduled: 0, numberAvailable: 1 },
    },
    "ready",
    /ready/,
  ],
  ["a complete Job", "Job", { status: { conditions: [{ type: "Complete", status: "True" }] } }, "ready", /complete/],
  [
    "a failed Job",
    "Job",
    { status: { conditions: [{ type: "Failed", status: "True", message: "backoff limit" }] } },
    "failed",
    /backoff limit/,
  ],
  ["a Job that tries again", "Job", { status: { failed: 2 } }, "progressing", /2 failed/],
  [
    "a pod that cannot pull",
    "Pod",
    {
      status: {
        phase: "Pending",
        containerStatuses: [{ name: "c", state: { waiting: { reason: "ErrImagePull", message: "no such image" } } }],
      },
    },
    "progressing",
    /c: ErrImagePull: no such image/,
  ],
  ["a claim", "PersistentVolumeClaim", { status: { phase: "Bound" } }, "ready", /ready/],
  ["a lost claim", "PersistentVolumeClaim", { status: { phase: "Lost" } }, "failed", /lost/],
  ["a Service", "Service", { spec: { type: "NodePort" } }, "ready", /ready/],
  ["a Service without its balancer", "Service", { spec: { type: "LoadBalancer" } }, "progressing", /load balancer/],
  ["a new CRD", "CustomResourceDefinition", { status: {} }, "progressing", /Established/],
  ["a namespace", "Namespace", { status: { phase: "Active" } }, "ready", /ready/],
  ["a ConfigMap", "ConfigMap", {}, "ready", /ready/],
  [
    "another's resource, not ready",
    "Widget",
    { status: { conditions: [{ type: "Ready", status: "False", message: "no disk" }] } },
    "progressing",
    /no disk/,
  ],
  [
    "another's resource, stalled",
    "Widget",
    { status: { conditions: [{ type: "Stalled", status: "True", message: "never" }] } },
    "failed",
    /never/,
  ],
  ["whatever is being deleted", "Service", { deletionTimestamp: "2026-01-01T00:00:00Z" }, "progressing", /deleted/],
];

describe("readiness", () => {
  for (const [name, kind, fields, state, message] of CASES) {
    it(`${name}: ${state}`, () => {
      const {
        generation = 1,
        deletionTimestamp,
        ...rest
      } = fields as { generation?: number; deletionTimestamp?: string };
      const metadata = { name: "x", generation, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) };
      const result = readiness({ apiVersion: "v1", kind, metadata, ...rest });
      assert.equal(result.state, state);
      assert.match(result.message, message);
    });
  }
});

describe("paths of resources", () => {
  const resources = new Resources(() =>
    Promise.resolve({
      resources: [
        { name: "widgets", kind: "Widget", namespaced: true },
        { name: "widgets/status", kind: "Widget", namespaced: true },
      ],
    }),
  );
  const wanted: readonly [string, string, string | undefined, string | undefined, string][] = [
    ["v1", "ConfigMap", "a", "b", "/api/v1/namespaces/a/configmaps/b"],
    ["v1", "Pod", undefined, undefined, "/api/v1/pods"],
    ["v1", "Endpoints", "a", "b", "/api/v1/namespaces/a/endpoints/b"],
    ["v1", "Node", "ignored", "n1", "/api/v1/nodes/n1"],
    ["networking.k8s.io/v1", "NetworkPolicy", "a", "b", "/apis/networking.k8s.io/v1/namespaces/a/networkpolicies/b"],
    ["networking.k8s.io/v1", "IngressClass", undefined, "b", "/apis/networking.k8s.io/v1/ingressclasses/b"],
    [
      "admissionregistration.k8s.io/v1",
      "ValidatingAdmissionPolicy",
      undefined,
      "b",
      "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/b",
    ],
    ["w.test/v1", "Widget", "a", "b", "/apis/w.test/v1/namespaces/a/widgets/b"],
  ];
  for (const [apiVersion, kind, namespace, name, path] of wanted) {
    it(path, async () => assert.equal(await resources.path({ apiVersion, kind }, namespace, name), path));
  }
  it("a namespaced object without namespace is a mistake", async () => {
    await assert.rejects(resources.path({ apiVersion: "v1", kind: "Pod" }, undefined, "x"), /needs a namespace/);
  });
});
