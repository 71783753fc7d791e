import type { WitnessReport } from "./report.ts";

/** GET of a path of the Kubernetes API, as JSON. */
export type KubeGet = (path: string) => Promise<unknown>;

export interface ReportRequest {
  /** The Cloud's namespace. */
  readonly namespace: string;
  /** ISO 8601 or seconds since the epoch; default an hour ago. */
  readonly since?: string;
  readonly until?: string;
}

/** Reads the witness' report through the API server, so that nothing else has to be reachable. */
export async function fetchReport(get: KubeGet, request: ReportRequest): Promise<WitnessReport> {
  return (await get(reportPath(request))) as WitnessReport;
}

/** The path of the report in the Kubernetes API. */
export function reportPath(request: ReportRequest): string {
  const query = new URLSearchParams();
  if (request.since !== undefined) query.set("since", request.since);
  if (request.until !== undefined) query.set("until", request.until);
  const tail = query.size === 0 ? "" : `?${query.toString()}`;
  return `/api/v1/namespaces/${request.namespace}/services/witness:9100/proxy/report${tail}`;
}

/** Failures that are shown. */
const SHOWN = 5;

/** The report as lines of plain text. */
export function renderReport(report: WitnessReport): string {
  const { apis } = report;
  const sum = (field: "sent" | "failed" | "slow"): number => apis.reduce((total, api) => total + api[field], 0);
  const rows = [
    ["API", "SENT", "FAILED", "SLOW", "WORST GAP"],
    ...apis.map((api) => [
      api.api,
      String(api.sent),
      String(api.failed),
      String(api.slow),
      `${api.worstGapSeconds.toFixed(1)} s`,
    ]),
  ];
  const failures = apis
    .flatMap((api) => api.failures.map((failure) => ({ ...failure, api: api.api })))
    .sort((a, b) => (a.at < b.at ? 1 : -1));
  return [
    `${clock(report.since)} to ${clock(report.until)}: ${sum("failed")} of ${sum("sent")} operations failed, ${sum("slow")} were slow`,
    ...table(rows),
    ...report.blind.map((one) => `Blind for ${one.seconds.toFixed(1)} s from ${clock(one.from)}: ${one.reason}`),
    ...failures
      .slice(0, SHOWN)
      .map((one) => `Failed at ${clock(one.at)}: ${one.api}: ${one.operation}: ${one.message}`),
    ...(failures.length > SHOWN ? [`… and ${failures.length - SHOWN} more failures`] : []),
    `Each API is read every ${report.readEverySeconds} s: a gap of that length is none.`,
  ].join("\n");
}

/** Columns as wide as they need; the first to the left, numbers to the right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const width = (column: number): number => Math.max(...rows.map((row) => (row[column] ?? "").length));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(width(column)) : cell.padStart(width(column))))
      .join("   ")
      .trimEnd(),
  );
}

function clock(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}
