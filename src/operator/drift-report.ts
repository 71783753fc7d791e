import type { Cache } from "../kube/cache.ts";
import { describeDrift, type DriftRecord } from "../plan/drift.ts";
import type { EventNote, EventRecorder } from "../runtime/events.ts";
import { ADMISSION, type OpenDrift } from "./drift.ts";

/** Objects that a condition names. */
const NAMED = 8;

/** The condition `Drifted` of a Cloud, from what is open after a pass. Pure. */
export function driftedCondition(open: readonly OpenDrift[]): {
  readonly type: "Drifted";
  readonly holds: boolean;
  readonly reason: string;
  readonly message: string;
} {
  if (open.length === 0)
    return { type: "Drifted", holds: false, reason: "AsPlanned", message: "every object is as it was planned" };
  const fought = open.some(({ why }) => why === "Fought");
  const named = open.slice(0, NAMED).map(({ record, why }) => `${said(record)}; ${ENDS[why]}`);
  const more = open.length > NAMED ? [`and ${open.length - NAMED} more objects`] : [];
  const message = [...named, ...more].join(". ");
  return { type: "Drifted", holds: true, reason: fought ? "Fought" : "Reported", message };
}

const ENDS = {
  Left: "it is left so, as spec.drift says",
  Fought: "it comes back as often as it is repaired, and is repaired at longer and longer intervals",
} as const;

function endOf({ manager }: DriftRecord): string {
  return manager === ADMISSION ? "it is so after each write" : ENDS.Left;
}

function said(record: DriftRecord): string {
  const what = describeDrift(record);
  if (record.manager !== ADMISSION) return what;
  return `${what}: a mutating webhook or policy changes it on its way into the API server. See: kubectl get mutatingwebhookconfigurations,mutatingadmissionpolicies`;
}

/** What an Event of the Cloud says of a change that nobody planned. Pure. */
export function driftNote(record: DriftRecord): EventNote {
  const what = said(record);
  if (record.fight === true)
    return { type: "Warning", reason: "DriftFought", action: "Repair", note: `${what}; ${ENDS.Fought}` };
  if (record.action === "Reported")
    return { type: "Warning", reason: "DriftReported", action: "Report", note: `${what}; ${endOf(record)}` };
  return { type: "Normal", reason: "DriftRepaired", action: "Repair", note: `${what}; it was put back` };
}

export interface DriftTold {
  readonly clouds: Cache;
  readonly events: EventRecorder;
  readonly metrics: { readonly onDrift: (kind: string, action: DriftRecord["action"]) => void };
  readonly log: (fields: Readonly<Record<string, unknown>>) => void;
}

/** Tells a change that nobody planned as an Event of its Cloud, a line of the log and a count. */
export function driftTeller({ clouds, events, metrics, log }: DriftTold) {
  return (cloud: { readonly name: string; readonly namespace: string }, record: DriftRecord): void => {
    const { object, action, manager, fields } = record;
    metrics.onDrift(object.split("/", 1)[0] ?? "", action);
    log({ drift: object, action, manager, fields: fields.map(({ path }) => path) });
    const regarding = clouds.get(cloud.name, cloud.namespace);
    if (regarding !== undefined) events.record(regarding, driftNote(record));
  };
}
