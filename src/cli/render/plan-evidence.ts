// What happened while a plan was carried out, as the witness and the cluster saw it.
import type { PlanStatus } from "../../api/plan.ts";
import { counted, duration } from "./plan-words.ts";
import { tableWithin } from "./table.ts";
import { hangingLines } from "./width.ts";

export type Evidence = NonNullable<PlanStatus["evidence"]>;

/** What users noticed, in sentences; nothing is claimed of a time for which nothing is known. */
export function evidenceWords(evidence: Evidence): string[] {
  return [...requestWords(evidence), ...blindWords(evidence)];
}

function requestWords({ apis, witness }: Evidence): string[] {
  const sent = sum(apis.map((api) => api.sent));
  const failing = apis.filter(({ failed }) => failed > 0);
  const slow = sum(apis.map((api) => api.slow));
  if (witness === "Blind" || sent === 0) return sent === 0 ? ["No request was sent."] : [];
  const failed =
    failing.length === 0
      ? `No request failed, of ${sent} that were sent.`
      : `${sum(failing.map((api) => api.failed))} of ${sent} requests failed: ${failing.map(({ name, failed: number }) => `${name} ${number}`).join(", ")}.`;
  const worst = apis.toSorted((a, b) => b.worstGapSeconds - a.worstGapSeconds)[0];
  return [
    failed,
    ...(slow === 0 ? [] : [slow === 1 ? "1 was slow." : `${slow} were slow.`]),
    ...(worst === undefined
      ? []
      : [`Longest time without a success: ${duration(worst.worstGapSeconds)} (${worst.name}).`]),
  ];
}

function blindWords({ apis, witness }: Evidence): string[] {
  if (witness === "Blind") return ["The witness was blind: what users noticed is not known."];
  const blind = apis.filter(({ blindSeconds }) => blindSeconds > 0);
  const longest = Math.max(0, ...blind.map(({ blindSeconds }) => blindSeconds));
  if (blind.length > 0) {
    const where = blind.length === apis.length ? "" : ` (${blind.map(({ name }) => name).join(", ")})`;
    return [`The witness was blind for ${duration(longest)}${where}: nothing is known of that time.`];
  }
  return witness === "PartlyBlind" ? ["The witness was blind for a part of the time."] : [];
}

/** A row an API. */
export function evidenceTable({ apis }: Evidence, width: number): string[] {
  if (apis.length === 0) return [];
  const rows = apis.map((api) => [
    api.name,
    String(api.sent),
    String(api.failed),
    String(api.slow),
    duration(api.worstGapSeconds),
    api.blindSeconds === 0 ? "no" : duration(api.blindSeconds),
  ]);
  return tableWithin(width, ["API", "SENT", "FAILED", "SLOW", "WORST GAP", "BLIND"], rows);
}

/** Pods that are named where not all are asked for. */
const PODS = 5;

/** What else is known; with `all` each pod by name. */
export function evidenceNotes(
  { gatewayRetries, podsRestarted, notes = [] }: Evidence,
  all: boolean,
  width: number,
): string[] {
  const named = all ? podsRestarted : podsRestarted.slice(0, PODS);
  const more = podsRestarted.length > named.length ? ` and ${podsRestarted.length - named.length} more` : "";
  const pods =
    podsRestarted.length === 0
      ? "No pod was replaced."
      : `${counted(podsRestarted.length, "pod")} replaced or restarted: ${named.join(", ")}${more}`;
  const retries =
    gatewayRetries === undefined
      ? []
      : [`The gateway sent ${counted(gatewayRetries, "request")} again to another server.`];
  return [...retries, pods, ...notes].flatMap((line) => hangingLines("", line, width));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
