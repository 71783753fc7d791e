import { judgeRules } from "../../api/findings.ts";
import { CHANGE_RULES } from "../../api/change-rules.ts";
import type { Finding } from "../../api/walk.ts";
import type { KubeClient } from "../../kube/client.ts";
import { APPROVED_BY, readStamp, stampText } from "../../plan/approval.ts";
import { type AdmissionResponse, invalid, warningTexts } from "../admission.ts";
import { mayApprove, mayNotWords } from "./access.ts";
import { planByHash, planByName, type Verdict } from "./approvable.ts";
import { loosened } from "./loosened.ts";
import {
  changesCloud,
  isLeaving,
  keptStamp,
  type NewApproval,
  newApproval,
  part,
  readWrite,
  stampOf,
  type WriteRequest,
} from "./request.ts";

export interface ApprovalReviewOptions {
  readonly client: KubeClient;
  readonly now?: () => Date;
}

/** The API server judges by the others itself. */
const RULES = CHANGE_RULES.filter(({ cel }) => cel === undefined);

/**
 * Answers for Clouds and PlanApprovals. Both answers ask whether the user may approve, so that neither a stamp nor an
 * approval is stored without the right, whichever of the two configurations somebody took away.
 */
export class ApprovalReview {
  readonly #client: KubeClient;
  readonly #now: () => Date;

  constructor({ client, now = () => new Date() }: ApprovalReviewOptions) {
    this.#client = client;
    this.#now = now;
  }

  /** The mutating webhook: writes who approves, and puts back what somebody else wrote there. Throws BadReviewError, KubeError. */
  async stamp(review: unknown): Promise<AdmissionResponse> {
    const write = readWrite(review);
    const approval = newApproval(write);
    const found = stampOf(write.object);
    if (approval === undefined) return patched(write, isLeaving(write) ? found : keptStamp(write));
    const { refusal } = await this.#authorise(write, approval);
    if (refusal !== undefined) return refusal;
    const time = this.#now().toISOString();
    return patched(write, stampText({ user: write.user.username, time, hash: approval.hash }));
  }

  /** The validating webhook. Throws BadReviewError, KubeError. */
  async judge(review: unknown): Promise<AdmissionResponse> {
    const write = readWrite(review);
    if (isLeaving(write)) return { uid: write.uid, allowed: true };
    const refused = (await this.#judgePolicy(write)) ?? wrongStamp(write);
    if (refused !== undefined) return refused;
    const findings = write.kind === "Cloud" ? judgeRules(RULES, write.object) : [];
    const errors = findings.filter(({ severity }) => severity === "error");
    if (errors.length > 0) return unfit(write, errors);
    const approval = newApproval(write);
    const judged = approval === undefined ? [] : await this.#judgeApproval(write, approval);
    if (!Array.isArray(judged)) return judged;
    const warnings = warningTexts([...findings, ...judged]);
    return { uid: write.uid, allowed: true, ...(warnings.length === 0 ? {} : { warnings }) };
  }

  /** Whoever makes an approval unnecessary needs the right to give it. */
  async #judgePolicy(write: WriteRequest): Promise<AdmissionResponse | undefined> {
    if (write.kind !== "Cloud" || write.before === undefined) return undefined;
    const changeOf = (cloud: unknown): unknown => part(part(cloud, "spec"), "change");
    const [first] = loosened(changeOf(write.before), changeOf(write.object), this.#now());
    return first === undefined ? undefined : this.#mayNot(write, first);
  }

  /** The refusal, or what is to be said of an approval that is taken. */
  async #judgeApproval(write: WriteRequest, approval: NewApproval): Promise<AdmissionResponse | Finding[]> {
    const { verdict, refusal } = await this.#authorise(write, approval);
    if (refusal !== undefined) return refusal;
    if (verdict.type === "waits") return [];
    const finding = { path: approvalField(write), code: "not-approvable", message: verdict.message };
    // The plan of this very write is made after it, and counts when it has the hash that was reviewed. A Cloud that is made
    // again from its file has no plans yet either: its file is right.
    if (verdict.type === "needless" || changesCloud(write)) return [{ ...finding, severity: "warning" }];
    return unfit(write, [{ ...finding, severity: "error" }]);
  }

  /** Which plan it is, and why this user may not approve it: a right may be for one Plan by its name. */
  async #authorise(
    write: WriteRequest,
    approval: NewApproval,
  ): Promise<{ readonly verdict: Verdict; readonly refusal: AdmissionResponse | undefined }> {
    const verdict = await this.#verdict(write, approval);
    const plan = verdict.type === "refused" ? approval.plan : verdict.plan;
    const doing = write.kind === "Cloud" ? "setting spec.change.approvedPlan" : "making a PlanApproval";
    return { verdict, refusal: await this.#mayNot(write, doing, plan) };
  }

  #verdict({ kind, namespace, name }: WriteRequest, { plan, hash }: NewApproval): Promise<Verdict> {
    if (kind === "Cloud" || plan === undefined) return planByHash(this.#client, { namespace, cloud: name }, hash);
    return planByName(this.#client, namespace, { plan, hash });
  }

  async #mayNot(write: WriteRequest, doing: string, plan?: string): Promise<AdmissionResponse | undefined> {
    const { user, namespace, uid } = write;
    if (await mayApprove(this.#client, user, { namespace, plan })) return undefined;
    return forbidden(uid, mayNotWords(user, namespace, doing));
  }
}

function approvalField({ kind }: WriteRequest): string {
  return kind === "Cloud" ? "spec.change.approvedPlan" : "spec.hash";
}

/** What the mutating webhook wrote must be there: without it nobody knows who approved. */
function wrongStamp(write: WriteRequest): AdmissionResponse | undefined {
  const approval = newApproval(write);
  const found = stampOf(write.object);
  if (approval === undefined) {
    if (found === keptStamp(write)) return undefined;
    return forbidden(write.uid, `the annotation ${APPROVED_BY} is written by Underpin alone. Leave it as it is`);
  }
  const stamp = readStamp(found);
  if (stamp?.user === write.user.username && stamp.hash === approval.hash) return undefined;
  const message =
    "the approval was not stamped with who gave it, and so it does not count: Underpin's mutating webhook was not asked. Try again in a moment";
  return forbidden(write.uid, message);
}

/** Sets the annotation, or takes it away. */
function patched(write: WriteRequest, stamp: string | undefined): AdmissionResponse {
  const { uid, object } = write;
  const found = part(part(object, "metadata"), "annotations")[APPROVED_BY];
  if (found === stamp) return { uid, allowed: true };
  const metadata = object["metadata"] as { annotations?: unknown } | undefined;
  const path = `/metadata/annotations/${APPROVED_BY.replaceAll("~", "~0").replaceAll("/", "~1")}`;
  const none = metadata?.annotations === undefined || metadata.annotations === null;
  const set = [
    ...(none ? [{ op: "add", path: "/metadata/annotations", value: {} }] : []),
    { op: "add", path, value: stamp },
  ];
  const patch = stamp === undefined ? [{ op: "remove", path }] : set;
  return { uid, allowed: true, patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") };
}

function unfit({ uid, name, kind }: WriteRequest, errors: readonly Finding[]): AdmissionResponse {
  return { uid, allowed: false, status: invalid(errors, { kind, name, where: `the ${kind}` }) };
}

function forbidden(uid: string, message: string): AdmissionResponse {
  return { uid, allowed: false, status: { status: "Failure", code: 403, reason: "Forbidden", message } };
}
