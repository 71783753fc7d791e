import { z } from "zod";
import { planHash } from "./fields.ts";
import { metadata, type DeepReadonly } from "./metadata.ts";
import { API_VERSION } from "./names.ts";
import { planStatus } from "./plan-status.ts";
import type { Rule } from "./rule.ts";
import { spec as cloudSpec } from "./spec.ts";

export const PLAN_KIND = "Plan";
export const PLAN_PLURAL = "plans";
export const APPROVAL_KIND = "PlanApproval";
export const APPROVAL_PLURAL = "planapprovals";

/** The verb of RBAC on `plans` that who approves must have. */
export const APPROVE_VERB = "approve";

const planSpec = z
  .object({
    cloud: z.string().min(1).max(63).describe("Name of the Cloud, in the Plan's namespace."),
    candidate: cloudSpec
      .optional()
      .describe("What the Cloud's spec would be: it is planned and never carried out. Without it the Cloud as it is."),
    action: z
      .enum(["Run", "Pause", "Abort"])
      .default("Run")
      .describe("Pause starts no further step; Abort ends the plan after the steps that run."),
  })
  .describe("What is planned, and what to do with it.");

/** What a change of a Cloud would do, and later what it did. Made by the operator; a candidate's by users. */
export const planSchema = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(PLAN_KIND),
  metadata,
  spec: planSpec,
  status: planStatus.optional(),
});

export type Plan = DeepReadonly<z.output<typeof planSchema>>;
export type PlanStatus = DeepReadonly<z.output<typeof planStatus>>;
export type PlanPhase = NonNullable<PlanStatus["phase"]>;

const approvalSpec = z
  .object({
    plan: z.string().min(1).max(253).describe("Name of the Plan, in the same namespace."),
    hash: planHash.describe("Hash of the plan as it was reviewed: another one is not approved by this."),
  })
  .describe("What is approved.");

/** Somebody's word that a Plan may be carried out. Who it was, the API server's webhook writes into the annotations. */
export const approvalSchema = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(APPROVAL_KIND),
  metadata,
  spec: approvalSpec,
});

export type PlanApproval = DeepReadonly<z.output<typeof approvalSchema>>;

/** Reads a Plan that an API server gave back; unknown fields are dropped. Throws ZodError when it is no Plan. */
export function readPlan(value: unknown): Plan {
  return planSchema.parse(value);
}

/** Reads a PlanApproval; unknown fields are dropped. Throws ZodError when it is none. */
export function readApproval(value: unknown): PlanApproval {
  return approvalSchema.parse(value);
}

/** What the API server judges a Plan and a PlanApproval by, beside their schemas. */
export const PLAN_RULES: readonly Rule[] = [
  {
    code: "immutable",
    at: "spec",
    field: "cloud",
    cel: "self.cloud == oldSelf.cloud",
    message: "The Cloud of a Plan never changes. Make another Plan instead",
  },
  {
    code: "immutable",
    at: "spec",
    field: "candidate",
    cel: "has(self.candidate) == has(oldSelf.candidate) && (!has(self.candidate) || self.candidate == oldSelf.candidate)",
    message: "The candidate of a Plan never changes. Make another Plan instead",
  },
];

export const APPROVAL_RULES: readonly Rule[] = [
  {
    code: "immutable",
    at: "spec",
    field: "plan",
    cel: "self == oldSelf",
    message: "An approval never changes. Delete it and make another one",
  },
];
