import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import type { WitnessReport } from "./report.ts";

export interface ServerPorts {
  readonly metrics: () => Promise<string>;
  /** Report of a window in milliseconds since the epoch. */
  readonly report: (since: number, until: number) => WitnessReport;
}

/** Serves /metrics, /report?since=…&until=… and /healthz; only reads. */
export function serve(port: number, ports: ServerPorts): Promise<Server> {
  const server = createServer((request, response) => {
    void answer(request, ports).then(
      ({ status, type, body }) => end(response, { status, type, body }),
      (error: unknown) =>
        end(response, { status: 500, type: "text/plain", body: error instanceof Error ? error.message : "failed" }),
    );
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, () => resolve(server));
  });
}

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

async function answer(request: IncomingMessage, ports: ServerPorts): Promise<Reply> {
  const url = new URL(request.url ?? "/", "http://witness");
  if (request.method !== "GET") return { status: 405, type: "text/plain", body: "only GET\n" };
  if (url.pathname === "/healthz") return { status: 200, type: "text/plain", body: "ok\n" };
  if (url.pathname === "/metrics")
    return { status: 200, type: "text/plain; version=0.0.4", body: await ports.metrics() };
  if (url.pathname !== "/report") return { status: 404, type: "text/plain", body: "/metrics or /report\n" };
  const now = Date.now();
  const until = moment(url.searchParams.get("until"), now);
  const since = moment(url.searchParams.get("since"), until - 3_600_000);
  if (Number.isNaN(since) || Number.isNaN(until) || since >= until) {
    return {
      status: 400,
      type: "text/plain",
      body: "since and until: ISO 8601 or seconds since the epoch, since first\n",
    };
  }
  return { status: 200, type: "application/json", body: JSON.stringify(ports.report(since, Math.min(until, now))) };
}

/** ISO 8601 or seconds since the epoch, as milliseconds. */
function moment(text: string | null, otherwise: number): number {
  if (text === null || text === "") return otherwise;
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

function end(response: ServerResponse, reply: Reply): void {
  response.writeHead(reply.status, { "content-type": reply.type }).end(reply.body);
}
