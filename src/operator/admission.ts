import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { CLOUD_KIND } from "../api/cloud.ts";
import { GROUP } from "../api/names.ts";
import { type Finding, isFields } from "../api/walk.ts";
import { JUDGED_FIELDS } from "../options/index.ts";

/** Says everything that is wrong with a Cloud's options. Throws when it cannot judge. */
export type Judge = (cloud: unknown) => Promise<readonly Finding[]>;

const requestSchema = z.object({
  request: z.object({
    uid: z.string(),
    operation: z.string(),
    name: z.string().optional(),
    object: z.unknown(),
    oldObject: z.unknown(),
  }),
});

export interface AdmissionResponse {
  readonly uid: string;
  readonly allowed: boolean;
  readonly warnings?: readonly string[];
  readonly status?: Readonly<Record<string, unknown>>;
  /** Base64 of a JSON patch. */
  readonly patchType?: "JSONPatch";
  readonly patch?: string;
}

/** kubectl prints so much of a warning, and the API server gives out so much of all (KEP-1693). */
const MAX_WARNING = 256;
const MAX_WARNINGS = 4096;
/** More findings than anybody reads at once; the message says how many there are. */
const MAX_FINDINGS = 100;

/** Not an AdmissionReview with a request. */
export class BadReviewError extends Error {
  constructor(cause: unknown) {
    super("the body is no AdmissionReview with a request", { cause });
    this.name = "BadReviewError";
  }
}

/**
 * The answer to an AdmissionReview about a Cloud: refused with all errors, allowed with all warnings.
 * Throws BadReviewError, and what `judge` throws: then the API server is told that there is no answer.
 */
export async function answerReview(review: unknown, judge: Judge): Promise<AdmissionResponse> {
  const parsed = requestSchema.safeParse(review);
  if (!parsed.success) throw new BadReviewError(parsed.error);
  const { uid, object, oldObject, name } = parsed.data.request;
  if (!isFields(object) || isLeaving(object) || (isFields(oldObject) && sameOptions(object, oldObject)))
    return { uid, allowed: true };
  const findings = await judge(object);
  const errors = findings.filter(({ severity }) => severity === "error");
  const warnings = warningTexts(findings.filter(({ severity }) => severity === "warning"));
  const told = warnings.length === 0 ? {} : { warnings };
  if (errors.length === 0) return { uid, allowed: true, ...told };
  const what = { kind: CLOUD_KIND, name: name ?? "", where: "the Cloud's options" };
  return { uid, allowed: false, ...told, status: invalid(errors, what) };
}

function isLeaving(object: Readonly<Record<string, unknown>>): boolean {
  return isFields(object["metadata"]) && object["metadata"]["deletionTimestamp"] !== undefined;
}

/** Nothing that is judged differs: the same that the configuration's conditions ask. */
function sameOptions(after: Readonly<Record<string, unknown>>, before: Readonly<Record<string, unknown>>): boolean {
  return isDeepStrictEqual(judged(after), judged(before));
}

function judged(cloud: Readonly<Record<string, unknown>>): unknown {
  const { release, images, compute, services } = (isFields(cloud["spec"]) ? cloud["spec"] : {}) as Record<
    string,
    unknown
  >;
  const parts = Object.entries(isFields(services) ? services : {}).map(([name, service]) => [
    name,
    JUDGED_FIELDS.map((field) => (isFields(service) ? service[field] : undefined)),
  ]);
  return { release, images, compute, services: Object.fromEntries(parts) };
}

/** A Status as the API server itself gives for an invalid object, so that every client shows its causes. */
export function invalid(
  errors: readonly Finding[],
  { kind, name, where }: { readonly kind: string; readonly name: string; readonly where: string },
): Readonly<Record<string, unknown>> {
  const shown = errors.slice(0, MAX_FINDINGS);
  const rest = errors.length - shown.length;
  const lines = shown.map(({ path, message, code }) => `${fieldPath(path)}: ${message} [${code}]`);
  if (rest > 0) lines.push(`and ${rest} more`);
  const count = errors.length === 1 ? "1 error" : `${errors.length} errors`;
  return {
    status: "Failure",
    code: 422,
    reason: "Invalid",
    message: `${count} in ${where}: ${lines.join("; ")}`,
    details: {
      name,
      group: GROUP,
      kind,
      causes: shown.map(({ path, message, code }) => ({
        reason: code === "unknown" ? "FieldValueNotFound" : "FieldValueInvalid",
        field: fieldPath(path),
        message: `${message} [${code}]`,
      })),
    },
  };
}

/** Each in what kubectl shows of one, all in what the API server lets through; what is left out is counted. */
export function warningTexts(warnings: readonly Finding[]): string[] {
  const texts = warnings.map(({ path, message, code }) => cut(`${fieldPath(path)}: ${message} [${code}]`));
  const kept: string[] = [];
  let left = MAX_WARNINGS - MAX_WARNING;
  for (const text of texts) {
    if (left < text.length) break;
    kept.push(text);
    left -= text.length;
  }
  const rest = texts.length - kept.length;
  return rest === 0 ? kept : [...kept, `${rest} more warnings; all are told by: underpin check -f FILE`];
}

/** One line without control characters, which no header carries. */
function cut(text: string): string {
  const line = text.replaceAll(/\p{Cc}+/gu, " ");
  return line.length <= MAX_WARNING ? line : `${line.slice(0, MAX_WARNING - 1)}…`;
}

/** `spec.compute.pools[0].options`: as Kubernetes writes places. */
function fieldPath(path: string): string {
  return path.replaceAll(/\.(\d+)(?=\.|$)/g, "[$1]");
}
