// What the guide of GitOps says of health: its checks for Argo CD are run on statuses that the operator makes, and kstatus'
// rules are applied to the same.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { LuaFactory } from "wasmoon";
import { parse } from "yaml";
import { readCloud } from "../../src/api/cloud.ts";
import type { PlanPhase } from "../../src/api/plan.ts";
import { fieldAt } from "../../src/kube/types.ts";
import type { StepState } from "../../src/execute/execution.ts";
import { cloudStatus, type StatusInput } from "../../src/operator/status.ts";

const GUIDE = readFileSync(new URL("../../docs/guides/gitops.md", import.meta.url), "utf8");
const LAPTOP = parse(readFileSync(new URL("../../examples/laptop.yaml", import.meta.url), "utf8")) as {
  metadata: object;
};
const NOW = "2026-01-01T00:00:00Z";

interface Health {
  readonly status: string;
  readonly message?: string;
}

const CHECKS = [...GUIDE.matchAll(/^```yaml\n([^]*?)^```$/gm)]
  .map(([, block = ""]) => parse(block) as object)
  .find((value) => fieldAt(value, "metadata", "name") === "argocd-cm");

/** Runs the guide's check of a kind as Argo CD does: the object is the global `obj`, and the script answers a table. */
async function health(kind: "Cloud" | "Plan", object: object): Promise<Health> {
  const script = fieldAt(CHECKS, "data", `resource.customizations.health.underpin.dev_${kind}`);
  assert.ok(typeof script === "string", `the guide has no check of a ${kind}`);
  const lua = await new LuaFactory().createEngine({ openStandardLibs: true });
  try {
    return (await lua.doString(`obj = ${luaText(object)}\n${script}`)) as Health;
  } finally {
    lua.global.close();
  }
}

function luaText(value: unknown): string {
  if (Array.isArray(value)) return `{${value.map(luaText).join(", ")}}`;
  if (typeof value !== "object" || value === null) return value === null ? "nil" : JSON.stringify(value);
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return `{${fields.map(([key, inner]) => `[${JSON.stringify(key)}] = ${luaText(inner)}`).join(", ")}}`;
}

/** kstatus' rules for a resource that it knows nothing special of. */
function kstatus(object: object): string {
  if (fieldAt(object, "metadata", "deletionTimestamp") !== undefined) return "Terminating";
  const observed = fieldAt(object, "status", "observedGeneration");
  if (observed !== undefined && observed !== fieldAt(object, "metadata", "generation")) return "InProgress";
  const conditions = (fieldAt(object, "status", "conditions") ?? []) as { type: string; status: string }[];
  const first = conditions.find(
    ({ type, status }) => status === "True" && (type === "Reconciling" || type === "Stalled"),
  );
  if (first !== undefined) return first.type === "Stalled" ? "Failed" : "InProgress";
  const ready = conditions.find(({ type }) => type === "Ready");
  return ready === undefined || ready.status === "True" ? "Current" : "InProgress";
}

const WORKS = { name: "keystone", ready: true, message: "", next: "" };
const BROKEN = { name: "keystone", ready: false, message: "0 of 1 pods ready", next: "underpin logs keystone" };
const DONE = progress({ state: "done" });

function progress(state: StepState): StatusInput["progress"] {
  return { states: new Map([["keystone/api", state]]), done: {}, complete: state.state === "done" };
}

function change(reason: "AwaitingApproval" | "Queued" | "PlanRefused"): StatusInput["change"] {
  return { reason, message: `Plan laptop-2-0b1c2d3e: ${reason}`, plan: "laptop-2-0b1c2d3e" };
}

/** A Cloud of generation 2 as an API server gives it, which was Ready before. */
function cloud(input: Partial<StatusInput>, more: object = {}): object {
  const before = { release: { current: "2025.1" } };
  const stored = {
    ...LAPTOP,
    metadata: { ...LAPTOP.metadata, uid: "1", generation: 2, ...more },
    status: before,
  };
  const step = {
    step: {
      id: "keystone/api",
      type: "apply" as const,
      objects: [],
      until: "ready" as const,
      needs: [],
      onFailure: "See its log.",
      timeoutSeconds: 60,
    },
    objects: [],
    hash: "0",
  };
  const status = cloudStatus({
    cloud: readCloud(stored),
    progress: DONE,
    steps: [step],
    verdicts: [WORKS],
    stalled: undefined,
    now: NOW,
    ...input,
  });
  return { ...stored, status };
}

const PAUSED = { held: { phase: "Paused" as const, message: "nothing is changed" }, progress: undefined };
const HELD = { held: { phase: "Planned" as const, message: "waits" }, progress: undefined };

/** The guide's table, row by row. */
const STANDINGS: readonly (readonly [what: string, object: object, kstatus: string, argo: string])[] = [
  ["not looked at", { ...LAPTOP, metadata: { ...LAPTOP.metadata, generation: 1 } }, "Current", "Progressing"],
  [
    "the change is not seen yet",
    { ...cloud({}), metadata: { ...LAPTOP.metadata, generation: 3 } },
    "InProgress",
    "Progressing",
  ],
  ["changes", cloud({ progress: progress({ state: "running", message: "rolls" }) }), "InProgress", "Progressing"],
  ["is as it should be", cloud({}), "Current", "Healthy"],
  ["waits for an approval", cloud({ change: change("AwaitingApproval") }), "InProgress", "Suspended"],
  ["an operator's plan waits", cloud({ ...HELD, change: change("AwaitingApproval") }), "InProgress", "Suspended"],
  [
    "is queued",
    cloud({ change: change("Queued"), progress: progress({ state: "running", message: "rolls" }) }),
    "InProgress",
    "Progressing",
  ],
  ["a step fails", cloud({ progress: progress({ state: "failed", message: "no" }) }), "Failed", "Degraded"],
  ["a Plan would be refused", cloud({ change: change("PlanRefused") }), "Failed", "Degraded"],
  ["is not right", cloud({ stalled: { reason: "Invalid", message: "no such option" } }), "Failed", "Degraded"],
  ["a workload does not work", cloud({ verdicts: [BROKEN] }), "InProgress", "Degraded"],
  ["paused, and works", cloud(PAUSED), "Current", "Suspended"],
  ["paused, and does not work", cloud({ ...PAUSED, verdicts: [BROKEN] }), "InProgress", "Suspended"],
  ["is deleted", cloud({}, { deletionTimestamp: NOW }), "Terminating", ""],
];

for (const [what, object, wanted, argo] of STANDINGS)
  test(`a Cloud, ${what}: ${wanted} to kstatus, ${argo === "" ? "not asked" : argo} to Argo CD`, async () => {
    assert.equal(kstatus(object), wanted);
    // Argo CD asks no check of what is on its way out.
    if (argo === "") return;
    const found = await health("Cloud", object);
    assert.equal(found.status, argo, JSON.stringify(fieldAt(object, "status")));
    assert.ok(found.message !== undefined && found.message !== "", what);
  });

const PHASES: Readonly<Record<PlanPhase, string>> = {
  Candidate: "Healthy",
  Pending: "Suspended",
  Approved: "Progressing",
  Running: "Progressing",
  Paused: "Suspended",
  Succeeded: "Healthy",
  Superseded: "Healthy",
  Failed: "Degraded",
  Aborted: "Degraded",
};

test("a Plan of each phase has the health that the guide gives it", async () => {
  for (const [phase, wanted] of Object.entries(PHASES)) {
    const found = await health("Plan", { status: { phase, message: "why" } });
    assert.deepEqual([found.status, found.message], [wanted, `${phase}: why`]);
  }
  assert.equal((await health("Plan", { spec: { cloud: "laptop" } })).status, "Progressing");
  const refused = { status: { phase: "Pending", summary: { refused: ["StatefulSet/laptop/mariadb: forbidden"] } } };
  const found = await health("Plan", refused);
  assert.equal(found.status, "Degraded");
  assert.match(found.message ?? "", /StatefulSet\/laptop\/mariadb/);
});

test("a Cloud whose Plan was aborted is ready, and says that it is not all that its file says", async () => {
  const effect = { spec: { release: "2025.1" }, generation: 2, operator: "operator:1", plan: "laptop-2-0b1c2d3e" };
  const aborted = { ...effect, aborted: { steps: ["keystone/api"] } } as unknown as NonNullable<StatusInput["effect"]>;
  const { status, message } = await health("Cloud", cloud({ effect: aborted }));
  assert.equal(status, "Healthy");
  assert.match(message ?? "", /Plan laptop-2-0b1c2d3e was aborted: 1 of its steps/);
});
