// Who approved what, as the webhook stamped it.
import { GROUP } from "../api/names.ts";
import { isFields } from "./fields.ts";

/** Annotation of a Cloud or a PlanApproval. The webhook writes it; what anybody else writes there it overwrites. */
export const APPROVED_BY = `${GROUP}/approved-by`;

/** What the webhook writes. */
export interface Stamp {
  /** Name by which the API server knows who asked. */
  readonly user: string;
  /** RFC 3339, of the operator's clock. */
  readonly time: string;
  /** Hash of the plan that is approved. */
  readonly hash: string;
}

/** Somebody's approval. */
export interface Approval extends Stamp {
  readonly by: "Cloud" | "PlanApproval";
  /** Plan and object of a PlanApproval. */
  readonly plan?: string;
  readonly name?: string;
}

/** An object as an API server gives it. */
interface Stamped {
  readonly metadata: {
    readonly name: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly [field: string]: unknown;
}

/** The stamp as the annotation holds it. Pure. */
export function stampText({ user, time, hash }: Stamp): string {
  return JSON.stringify({ user, time, hash });
}

/** Reads an annotation; undefined when it is absent or no stamp. Pure. */
export function readStamp(text: string | undefined): Stamp | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text ?? "");
  } catch {
    return undefined; // who reads it is told by the absence: what is no stamp approves nothing
  }
  if (!isFields(value)) return undefined;
  const { user, time, hash } = value;
  if (typeof user !== "string" || typeof time !== "string" || typeof hash !== "string") return undefined;
  return user === "" || Number.isNaN(Date.parse(time)) ? undefined : { user, time, hash };
}

/**
 * The approvals that count: stamped, with the hash that the stamp is about, and not taken back. A Cloud's is its
 * `spec.change.approvedPlan`. Pure.
 */
export function approvalsOf(cloud: Stamped, planApprovals: readonly Stamped[]): readonly Approval[] {
  const own = approvalIn(cloud, field(cloud, "spec", "change", "approvedPlan"));
  const objects = planApprovals.flatMap((object): Approval[] => {
    const stamp = approvalIn(object, field(object, "spec", "hash"));
    const plan = field(object, "spec", "plan");
    if (stamp === undefined || typeof plan !== "string") return [];
    return [{ ...stamp, by: "PlanApproval", plan, name: object.metadata.name }];
  });
  return [...(own === undefined ? [] : [{ ...own, by: "Cloud" as const }]), ...objects];
}

function approvalIn({ metadata }: Stamped, hash: unknown): Stamp | undefined {
  if (metadata.deletionTimestamp !== undefined) return undefined;
  const stamp = readStamp(metadata.annotations?.[APPROVED_BY]);
  return stamp !== undefined && stamp.hash === hash ? stamp : undefined;
}

function field(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, part) => (isFields(inner) ? inner[part] : undefined), value);
}
