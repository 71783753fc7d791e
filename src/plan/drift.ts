import { z } from "zod";

/** Name of the ConfigMap in the Cloud's namespace, and its key: a line of JSON for each record, the newest last. */
export const DRIFT_NAME = "underpin-drift";
export const DRIFT_KEY = "records";

/** Who changed it, where the API server does not say. */
export const UNKNOWN_MANAGER = "unknown";

const field = z.object({
  /** `spec.template.spec.containers[api].image` */
  path: z.string(),
  /** As it was planned; absent: nothing was to be there. Secrets are keyed hashes, long values are cut. */
  was: z.string().optional(),
  /** As it was found; absent: it was gone. */
  is: z.string().optional(),
});

const record = z.object({
  /** When it was seen first, ISO 8601. */
  time: z.string(),
  /** When it was seen last, and how often; absent: once. */
  last: z.string().optional(),
  count: z.int().optional(),
  /** `Deployment/laptop/placement` */
  object: z.string(),
  action: z.enum(["Repaired", "Reported"]),
  /** The object was gone. */
  deleted: z.boolean().optional(),
  /** The field manager that owned what differs, or "unknown": who deletes or removes leaves no name. */
  manager: z.string(),
  /** When the manager wrote last, ISO 8601. */
  managerTime: z.string().optional(),
  fields: z.array(field),
  /** It came back so often that it is repaired at longer and longer intervals. */
  fight: z.boolean().optional(),
});

/** A change that nobody planned. */
export type DriftRecord = Readonly<Omit<z.output<typeof record>, "fields">> & {
  readonly fields: readonly DriftField[];
};
export type DriftField = Readonly<z.output<typeof field>>;

/** Records that are kept, and the bytes of all of them. An object of Kubernetes holds a MiB. */
const MOST_RECORDS = 200;
const MOST_BYTES = 240 * 1024;
/** Milliseconds within which the same drift counts as the same record. */
const SAME_MS = 10 * 60_000;

/** Reads what `driftText` wrote; a line that is none is left out. Pure. */
export function readDrift(text: string): readonly DriftRecord[] {
  return text.split("\n").flatMap((line) => {
    const read = record.safeParse(parsed(line));
    return read.success ? [read.data] : [];
  });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // somebody edited it: the other lines are still good
  }
}

/** The records as they are kept: the newest that fit. Pure. */
export function driftText(records: readonly DriftRecord[]): string {
  const lines: string[] = [];
  let bytes = 0;
  for (const one of records.slice(-MOST_RECORDS).toReversed()) {
    const line = JSON.stringify(one);
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > MOST_BYTES) break;
    lines.push(line);
  }
  return lines.toReversed().join("\n");
}

/** The records with one more, which is counted where it goes on from an earlier one. Pure. */
export function addDrift(records: readonly DriftRecord[], found: DriftRecord): readonly DriftRecord[] {
  const before = records.findLast((one) => sameDrift(one, found));
  if (before === undefined) return [...records, found].slice(-MOST_RECORDS);
  const rest = records.filter((one) => one !== before);
  return [
    ...rest,
    { ...found, time: before.time, last: found.time, count: (before.count ?? 1) + 1, fields: found.fields },
  ];
}

/** True when nothing new is told: what was only reported is still as it was. Pure. */
export function knownDrift(records: readonly DriftRecord[], found: DriftRecord): boolean {
  const before = records.findLast(({ object }) => object === found.object);
  return (
    found.action === "Reported" &&
    before?.action === "Reported" &&
    before.managerTime === found.managerTime &&
    identity(before) === identity(found) &&
    JSON.stringify(before.fields) === JSON.stringify(found.fields)
  );
}

function sameDrift(before: DriftRecord, found: DriftRecord): boolean {
  const since = Date.parse(found.time) - Date.parse(before.last ?? before.time);
  return since < SAME_MS && identity(before) === identity(found);
}

/** Equal for the same change by the same one. */
export function identity({ object, action, deleted, manager, fields }: DriftRecord): string {
  return [object, action, deleted === true, manager, ...fields.map(({ path }) => path).toSorted()].join("\n");
}

/** `Deployment/laptop/placement: spec.replicas 1 → 3, by kubectl`. Pure. */
export function describeDrift({ object, deleted, manager, fields }: DriftRecord): string {
  if (deleted === true) return `${object} was deleted`;
  const [first, ...rest] = fields.map(({ path, was, is }) => `${path} ${was ?? "(none)"} → ${is ?? "(none)"}`);
  const more = rest.length === 0 ? "" : ` and ${rest.length} more`;
  const who = manager === UNKNOWN_MANAGER ? "it is not known by whom" : `by ${manager}`;
  return `${object}: ${first ?? "changed"}${more}, ${who}`;
}
