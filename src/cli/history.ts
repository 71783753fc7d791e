// What was changed in a Cloud, planned and not, the newest first.
import type { Cloud } from "../api/cloud.ts";
import type { Plan } from "../api/plan.ts";
import { isReason } from "../kube/errors.ts";
import type { KubeClient } from "../kube/client.ts";
import { fieldAt } from "../kube/types.ts";
import { describeDrift, DRIFT_KEY, DRIFT_NAME, type DriftRecord, readDrift } from "../plan/drift.ts";
import { CliError, EXIT } from "./errors.ts";
import { listPlans } from "./plans.ts";
import { isGathered } from "./render/plan-words.ts";

/** A Plan as the history tells it. Times are ISO 8601. */
export interface PlannedChange {
  readonly type: "plan";
  /** When it began, or was made when it has not begun. */
  readonly time: string;
  readonly plan: string;
  readonly phase: string;
  readonly change: string;
  readonly hash?: string;
  readonly approvedBy?: string;
  readonly seconds?: number;
  /** What users noticed; absent where the witness saw nothing of it. */
  readonly noticed?: { readonly failed: number; readonly worstGapSeconds: number; readonly partly: boolean };
  /** It was carried out, and nothing is known of what users noticed. */
  readonly blind?: true;
}

/** A change that nobody planned. */
export interface UnplannedChange extends DriftRecord {
  readonly type: "drift";
  readonly change: string;
}

export interface History {
  readonly cloud: string;
  readonly namespace: string;
  /** The newest first. */
  readonly entries: readonly (PlannedChange | UnplannedChange)[];
  /** What could not be told, in sentences. */
  readonly notes: readonly string[];
}

/** The history of a Cloud since a time. Throws KubeError. */
export async function cloudHistory(kube: KubeClient, cloud: Cloud, since?: Date): Promise<History> {
  const { name, namespace } = cloud.metadata;
  const [{ plans, unreadable }, drift] = await Promise.all([listPlans(kube, namespace), readRecords(kube, namespace)]);
  const planned = plans.filter(({ spec }) => spec.cloud === name).map(plannedChange);
  const unplanned = (drift ?? []).map((record): UnplannedChange => ({
    type: "drift",
    ...record,
    change: describeDrift(record),
  }));
  const entries = [...planned, ...unplanned].filter(
    (one) => since === undefined || !(Date.parse(lastOf(one)) < since.getTime()),
  );
  return {
    cloud: name,
    namespace,
    entries: entries.toSorted((a, b) => Date.parse(lastOf(b)) - Date.parse(lastOf(a))),
    notes: [
      ...(unreadable.length === 0
        ? []
        : [`Plans that this version cannot read are left out: ${unreadable.join(", ")}`]),
      ...(drift === undefined
        ? [`ConfigMap ${namespace}/${DRIFT_NAME} may not be read: changes that nobody planned are not shown`]
        : []),
    ],
  };
}

function lastOf(entry: PlannedChange | UnplannedChange): string {
  return entry.type === "drift" ? (entry.last ?? entry.time) : entry.time;
}

/** Undefined for who may not read them. */
async function readRecords(kube: KubeClient, namespace: string): Promise<readonly DriftRecord[] | undefined> {
  try {
    const object = await kube.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name: DRIFT_NAME });
    const text = fieldAt(object, "data", DRIFT_KEY);
    return typeof text === "string" ? readDrift(text) : [];
  } catch (error) {
    if (isReason(error, "Forbidden")) return undefined;
    throw error;
  }
}

function plannedChange({ metadata, status }: Plan): PlannedChange {
  const { phase = "Made", summary, hash, approval, evidence } = status ?? {};
  const apis = evidence?.apis ?? [];
  const seen = evidence !== undefined && evidence.witness !== "Blind" && apis.length > 0;
  const partly = evidence?.witness === "PartlyBlind";
  const failed = apis.reduce((sum, api) => sum + api.failed, 0);
  const worstGapSeconds = Math.max(0, ...apis.map((api) => api.worstGapSeconds));
  return {
    type: "plan",
    time: evidence?.startedAt ?? metadata.creationTimestamp ?? "",
    plan: metadata.name,
    phase,
    change: summary?.text ?? status?.message ?? "",
    ...(hash === undefined ? {} : { hash }),
    ...(approval === undefined ? {} : { approvedBy: approval.user }),
    ...(evidence?.seconds === undefined ? {} : { seconds: evidence.seconds }),
    ...(seen ? { noticed: { failed, worstGapSeconds, partly } } : {}),
    ...(isGathered(evidence) && !seen ? { blind: true } : {}),
  };
}

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** `24h`, `7d` before now, or a date. Throws CliError (exit code 2). */
export function sinceTime(text: string, now: Date): Date {
  const parts = [...text.matchAll(/(\d+)([smhdw])/g)];
  if (parts.length > 0 && parts.map(([part]) => part).join("") === text) {
    const seconds = parts.reduce((sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ""] ?? 0), 0);
    const time = new Date(now.getTime() - seconds * 1000);
    if (!Number.isNaN(time.getTime())) return time;
  }
  const date = /^\d{4}-\d{2}-\d{2}/.test(text) ? new Date(text) : undefined;
  if (date !== undefined && !Number.isNaN(date.getTime())) return date;
  throw new CliError(
    `"${text}" is no time`,
    "Give how long ago, like 24h or 7d, or a date, like 2026-11-23 or 2026-11-23T08:00:00Z.",
    {
      exitCode: EXIT.usage,
    },
  );
}
