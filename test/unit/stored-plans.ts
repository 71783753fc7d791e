// Plans as a cluster keeps them, in each phase, for tests of what is shown of them.
import { type Plan, readPlan } from "../../src/api/plan.ts";

const HASH = "3f9a1c2b7d10".padEnd(64, "0");

export const STEPS = [
  { id: "mariadb/base", after: [], state: "Done", seconds: 1.2, expectedSeconds: 1 },
  { id: "mariadb/ready", after: ["mariadb/base"], state: "Done", seconds: 14, expectedSeconds: 12 },
  { id: "keystone/base", after: [], state: "Done", seconds: 0.4, expectedSeconds: 1 },
  { id: "keystone/db", after: ["keystone/base", "mariadb/ready"], state: "Done", seconds: 9, expectedSeconds: 8 },
  {
    id: "keystone/api",
    after: ["keystone/base", "keystone/db"],
    state: "Running",
    startedAt: "2026-01-01T00:00:30Z",
    expectedSeconds: 12,
    message: "keystone: 1 of 2 pods ready",
  },
  { id: "keystone/answers", after: ["keystone/api"], state: "Waiting", expectedSeconds: 2 },
] as const;

const SUMMARY = {
  created: 0,
  changed: 9,
  deleted: 0,
  unchanged: 107,
  text: "mariadb restarts; keystone rolls",
  workloads: [
    { controller: "StatefulSet/laptop/mariadb", effect: "recreates" },
    { controller: "Deployment/laptop/keystone", effect: "rolls" },
  ],
  database: true,
  impact: { level: "Fails", on: "every API", seconds: 12 },
  expectedSeconds: 36,
  dataAtRisk: [],
  refused: [],
  takenBack: "Yes: underpin undo PLAN",
};

const API = { sent: 120, failed: 0, slow: 1, worstGapSeconds: 2.4, blindSeconds: 0 };

const EVIDENCE = {
  startedAt: "2026-01-01T00:00:00Z",
  endedAt: "2026-01-01T00:00:41Z",
  seconds: 41,
  witness: "Saw",
  apis: [
    { ...API, name: "identity" },
    { ...API, name: "image", slow: 0 },
  ],
  gatewayRetries: 3,
  podsRestarted: ["mariadb-0", "keystone-6b7f8-x2x4l"],
};

/** A Plan with this status over that of one that runs. */
export function storedPlan(status: Readonly<Record<string, unknown>> = {}, name = "laptop-7"): Plan {
  return readPlan({
    apiVersion: "underpin.dev/v1alpha1",
    kind: "Plan",
    metadata: { name, namespace: "laptop", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { cloud: "laptop" },
    status: {
      phase: "Running",
      hash: HASH,
      generation: 7,
      summary: SUMMARY,
      approval: { user: "jane", by: "PlanApproval", time: "2026-01-01T00:00:00Z" },
      progress: { done: 4, of: 6, running: ["keystone/api"], remainingSeconds: 9 },
      steps: STEPS,
      ...status,
    },
  });
}

const ENDED = STEPS.map((step) => ({ ...step, state: "Done", seconds: "seconds" in step ? step.seconds : 7 }));

export const PENDING = storedPlan({
  phase: "Pending",
  message: "It waits for somebody to approve it: its impact is more than spec.change.automaticBelow allows.",
  approval: undefined,
  progress: undefined,
  steps: STEPS.map(({ id, after, expectedSeconds }) => ({ id, after, expectedSeconds, state: "Waiting" })),
});

export const SUCCEEDED = storedPlan({
  phase: "Succeeded",
  progress: { done: 6, of: 6, running: [] },
  steps: ENDED,
  evidence: EVIDENCE,
});

export const BLIND = storedPlan({
  ...SUCCEEDED.status,
  evidence: {
    ...EVIDENCE,
    witness: "PartlyBlind",
    apis: [
      { ...API, name: "identity", failed: 4, worstGapSeconds: 11.6 },
      { ...API, name: "image", blindSeconds: 12 },
    ],
  },
});

export const FAILED = storedPlan({
  phase: "Failed",
  message: "keystone/api failed, and what comes after it was not begun.",
  progress: { done: 4, of: 6, running: [] },
  steps: STEPS.map((step) =>
    step.id === "keystone/api"
      ? {
          ...step,
          state: "Failed",
          seconds: 300,
          message: "the pods of keystone were not ready in 300 s",
          log: 'keystone-6b7f8-x2x4l keystone: OperationalError: (2003, "Can\'t connect to MySQL server")',
          next: "underpin logs keystone",
        }
      : step,
  ),
});

export const ABORTED = storedPlan({
  phase: "Aborted",
  message: "It was aborted by jane.",
  progress: { done: 5, of: 6, running: [] },
  steps: ENDED.map((step, index) => {
    const { seconds: _seconds, ...rest } = step;
    return index === 5 ? { ...rest, state: "Skipped", side: "Old" } : { ...step, side: "New" };
  }),
});
