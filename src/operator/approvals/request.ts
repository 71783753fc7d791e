// approvals: who may approve a plan or loosen what changes wait for, and the stamp that tells who did.
import { z } from "zod";
import { CLOUD_PLURAL } from "../../api/cloud.ts";
import { APPROVAL_PLURAL } from "../../api/plan.ts";
import { type Fields, isFields } from "../../api/walk.ts";
import { canonicalJson } from "../../content/canonical.ts";
import { APPROVED_BY } from "../../plan/approval.ts";
import { BadReviewError } from "../admission.ts";

/** Who asks, as the API server knows them; of an impersonated user the impersonated one. */
export interface Requester {
  readonly username: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** A write of a Cloud or a PlanApproval. The mutating webhook is asked before its schema is: anything may be missing. */
export interface WriteRequest {
  readonly uid: string;
  readonly kind: "Cloud" | "PlanApproval";
  readonly namespace: string;
  readonly name: string;
  readonly user: Requester;
  readonly object: Fields;
  /** Absent: it is made. */
  readonly before?: Fields;
}

const KINDS: Readonly<Record<string, WriteRequest["kind"]>> = {
  [CLOUD_PLURAL]: "Cloud",
  [APPROVAL_PLURAL]: "PlanApproval",
};

const review = z.object({
  request: z.object({
    uid: z.string(),
    resource: z.object({ resource: z.string() }),
    namespace: z.string(),
    name: z.string().default(""),
    userInfo: z.object({
      username: z.string().min(1),
      uid: z.string().optional(),
      groups: z.array(z.string()).default([]),
      extra: z.record(z.string(), z.array(z.string())).default({}),
    }),
    object: z.record(z.string(), z.unknown()),
    oldObject: z.record(z.string(), z.unknown()).nullish(),
  }),
});

/** Reads an AdmissionReview. Throws BadReviewError when it is none about a Cloud or a PlanApproval. */
export function readWrite(value: unknown): WriteRequest {
  const parsed = review.safeParse(value);
  if (!parsed.success) throw new BadReviewError(parsed.error);
  const { uid, resource, namespace, name, userInfo, object, oldObject } = parsed.data.request;
  const kind = KINDS[resource.resource];
  if (kind === undefined) throw new BadReviewError(new Error(`${resource.resource} is not judged here`));
  const before = oldObject === null || oldObject === undefined ? {} : { before: oldObject };
  // Who makes an object need not name it in the request.
  const own = part(object, "metadata")["name"];
  return { uid, kind, namespace, name: typeof own === "string" ? own : name, user: userInfo, object, ...before };
}

/** What a write approves that was not approved by the same words before. */
export interface NewApproval {
  readonly hash: string;
  /** Of a PlanApproval; a Cloud names the hash alone. */
  readonly plan?: string;
}

/** The approval that a write brings; undefined when it brings none. A PlanApproval never changes. Pure. */
export function newApproval({ kind, object, before }: WriteRequest): NewApproval | undefined {
  if (kind === "Cloud") {
    const hash = approvedPlan(object);
    return hash === undefined || hash === approvedPlan(before) ? undefined : { hash };
  }
  const { plan, hash } = part(object, "spec");
  return before === undefined && typeof plan === "string" && typeof hash === "string" ? { plan, hash } : undefined;
}

/** The annotation that holds the stamp. Pure. */
export function stampOf(object: Fields | undefined): string | undefined {
  const text = part(part(object, "metadata"), "annotations")[APPROVED_BY];
  return typeof text === "string" ? text : undefined;
}

/** The stamp that an object without a new approval has: the one that it had, as long as it is about something. Pure. */
export function keptStamp({ kind, object, before }: WriteRequest): string | undefined {
  if (kind === "Cloud" && approvedPlan(object) === undefined) return undefined;
  return stampOf(before);
}

/** Whether a write changes what a Cloud should be: of that a plan is made, and there is none yet. Pure. */
export function changesCloud({ kind, object, before }: WriteRequest): boolean {
  const settled = (cloud: Fields): string => {
    const { change: _change, drift: _drift, ...spec } = part(cloud, "spec");
    return canonicalJson(spec);
  };
  return kind === "Cloud" && (before === undefined || settled(object) !== settled(before));
}

/** It is on its way out, and nobody is to hold it up. Pure. */
export function isLeaving({ object }: WriteRequest): boolean {
  return part(object, "metadata")["deletionTimestamp"] !== undefined;
}

/** A map inside of a value; empty where there is none. Pure. */
export function part(value: unknown, name: string): Fields {
  const inner = isFields(value) ? value[name] : undefined;
  return isFields(inner) ? inner : {};
}

function approvedPlan(cloud: Fields | undefined): string | undefined {
  const hash = part(part(cloud, "spec"), "change")["approvedPlan"];
  return typeof hash === "string" ? hash : undefined;
}
