import { z } from "zod";
import { type Rule, unless } from "./rule.ts";

/** Kinds of the objects that the operator writes in a Cloud's namespaces. */
export const DRIFT_KINDS = [
  "ConfigMap",
  "DaemonSet",
  "Deployment",
  "Hypervisor",
  "Job",
  "PersistentVolumeClaim",
  "PodDisruptionBudget",
  "Secret",
  "Service",
  "StatefulSet",
] as const;

/** What security or the operator's own sight rests on: left as somebody made it, it does harm that no report undoes. */
const ALWAYS_REPAIRED: readonly string[] = ["Hypervisor", "Secret"];

const action = z.enum(["Repair", "Report"]);

export const drift = z.object({
  default: action
    .default("Repair")
    .describe(
      "What is done about a change that nobody planned. Repair: it is put back at once. Report: it is left as it is, and told. Both are recorded.",
    ),
  kinds: z
    .array(
      z.object({
        kind: z.enum(DRIFT_KINDS).describe("Kind of the objects that it is about."),
        action: action.describe("What is done about them."),
      }),
    )
    .max(DRIFT_KINDS.length)
    .default([])
    .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["kind"] })
    .describe("Kinds for which something else is done than by default. Secrets and Hypervisors are always repaired."),
});

export type DriftPolicy = Readonly<Omit<z.output<typeof drift>, "kinds">> & {
  readonly kinds: readonly { readonly kind: string; readonly action: DriftAction }[];
};
export type DriftAction = z.output<typeof action>;

export const DRIFT_RULES: readonly Rule[] = [
  {
    code: "always-repaired",
    at: "spec.drift.kinds.*",
    field: "action",
    cel: `!(self.kind in [${ALWAYS_REPAIRED.map((kind) => `'${kind}'`).join(", ")}]) || self.action == 'Repair'`,
    message:
      "Secrets and Hypervisors are always repaired: credentials, certificates and the sight of the nodes rest on them. Example: {kind: Deployment, action: Report}",
    judge: ({ kind, action: wanted }: { kind: string; action: string }) =>
      unless(!ALWAYS_REPAIRED.includes(kind) || wanted === "Repair"),
  },
];

/** What is done about a change of an object of this kind that nobody planned. Pure. */
export function driftAction(policy: DriftPolicy, kind: string): DriftAction {
  if (ALWAYS_REPAIRED.includes(kind)) return "Repair";
  return policy.kinds.find((one) => one.kind === kind)?.action ?? policy.default;
}
