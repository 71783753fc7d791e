import { setTimeout as sleep } from "node:timers/promises";
import { Agent } from "undici";
import type { ClusterConfig } from "./config.ts";
import { KubeError, type StatusBody } from "./errors.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Call {
  readonly method: Method;
  /** From the root, with its query: `/api/v1/namespaces?limit=1`. */
  readonly path: string;
  readonly body?: unknown;
  readonly contentType?: string;
  /** Safe to send twice. Default: GET and DELETE. */
  readonly idempotent?: boolean;
  readonly signal?: AbortSignal;
}

export interface TransportOptions {
  /** Called after every answered call, for metrics. */
  readonly onCall?: (call: { method: Method; path: string; status: number; seconds: number }) => void;
}

const RETRIES = 3;
const RETRY_MS = 150;
/** Longest that a server may make us wait with Retry-After. */
const MAX_RETRY_AFTER_MS = 10_000;
/** Connections for short calls; more calls at once wait their turn. */
const CONNECTIONS = 8;

/** HTTP/1.1 to one API server. Short calls share a few connections; each stream (watch, log) has its own. */
export class Transport {
  readonly #config: ClusterConfig;
  readonly #options: TransportOptions;
  readonly #calls: Agent;
  readonly #streams: Agent;

  constructor(config: ClusterConfig, options: TransportOptions = {}) {
    this.#config = config;
    this.#options = options;
    const { ca, cert, key, serverName } = config;
    const given = Object.entries({ ca, cert, key, servername: serverName }).filter(([, value]) => value !== undefined);
    const connect = { timeout: 10_000, ...Object.fromEntries(given) };
    const shared = { allowH2: false, pipelining: 1, connect, headersTimeout: 30_000, keepAliveTimeout: 30_000 };
    this.#calls = new Agent({ ...shared, connections: CONNECTIONS, bodyTimeout: 30_000 });
    // A stream may be silent for long: whoever reads it has its own timer.
    this.#streams = new Agent({ ...shared, bodyTimeout: 0 });
  }

  /** Sends one call and gives the answer's text. Throws KubeError unless the status is 2xx. */
  async call(call: Call): Promise<string> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await this.#once(call);
      } catch (error) {
        const wait = attempt < RETRIES ? retryDelay(error, call, attempt) : undefined;
        if (wait === undefined) throw error;
        await sleep(wait, undefined, call.signal === undefined ? {} : { signal: call.signal });
      }
    }
  }

  /** As `call`, parsed as JSON. */
  async json(call: Call): Promise<unknown> {
    const text = await this.call(call);
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new KubeError(name(call), 200, { reason: "BadAnswer", message: "the answer is not JSON" }, cause);
    }
  }

  /** Opens a stream; the caller must read it to its end or abort `signal`. */
  async stream(call: Call & { signal: AbortSignal }): Promise<AsyncIterable<Buffer>> {
    const answer = await this.#send(this.#streams, call);
    if (answer.statusCode !== 200) throw failure(call, answer.statusCode, await answer.body.text());
    return answer.body as AsyncIterable<Buffer>;
  }

  /** Ends every connection, also of streams. */
  async close(): Promise<void> {
    await Promise.all([this.#calls.destroy(), this.#streams.destroy()]);
  }

  async #once(call: Call): Promise<string> {
    const start = performance.now();
    const answer = await this.#send(this.#calls, call);
    let text: string;
    try {
      text = await answer.body.text();
    } catch (cause) {
      throw unreachable(call, this.#config.server, cause);
    }
    const seconds = (performance.now() - start) / 1000;
    this.#options.onCall?.({ method: call.method, path: call.path, status: answer.statusCode, seconds });
    if (answer.statusCode >= 300) throw failure(call, answer.statusCode, text, answer.headers["retry-after"]);
    return text;
  }

  async #send(agent: Agent, call: Call) {
    let answer = await this.#request(agent, call, false);
    if (answer.statusCode === 401 && this.#config.token !== undefined) {
      await answer.body.dump();
      answer = await this.#request(agent, call, true);
    }
    return answer;
  }

  async #request(agent: Agent, call: Call, freshToken: boolean) {
    const headers: Record<string, string> = { accept: "application/json" };
    if (call.body !== undefined) headers["content-type"] = call.contentType ?? "application/json";
    const token = await this.#config.token?.(freshToken);
    if (token !== undefined) headers["authorization"] = `Bearer ${token}`;
    try {
      return await agent.request({
        origin: this.#config.server,
        path: call.path,
        method: call.method,
        headers,
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
        ...(call.signal === undefined ? {} : { signal: call.signal }),
      });
    } catch (cause) {
      if (call.signal?.aborted) throw cause;
      throw unreachable(call, this.#config.server, cause);
    }
  }
}

function name(call: Call): string {
  return `${call.method} ${call.path}`;
}

function unreachable(call: Call, server: string, cause: unknown): KubeError {
  const why = cause instanceof Error ? cause.message || String((cause as NodeJS.ErrnoException).code) : String(cause);
  return new KubeError(name(call), 0, { reason: "Unreachable", message: `no answer from ${server}: ${why}` }, cause);
}

function failure(call: Call, status: number, text: string, retryAfter?: string | string[]): KubeError {
  let body: StatusBody;
  try {
    body = JSON.parse(text) as StatusBody;
  } catch {
    body = { message: text.trim().slice(0, 300) || `HTTP status ${status}` }; // proxies and aggregated servers answer in plain text
  }
  if (retryAfter !== undefined) body = { ...body, details: { ...body.details, retryAfterSeconds: Number(retryAfter) } };
  return new KubeError(name(call), status, body);
}

/** Milliseconds to wait before the next attempt, or undefined when there must be none. */
function retryDelay(error: unknown, call: Call, attempt: number): number | undefined {
  if (!(error instanceof KubeError)) return undefined;
  const idempotent = call.idempotent ?? (call.method === "GET" || call.method === "DELETE");
  const neverSent = (error.cause as NodeJS.ErrnoException | undefined)?.code === "ECONNREFUSED";
  if (error.reason === "Unreachable" && (idempotent || neverSent))
    return RETRY_MS * 3 ** attempt * (0.5 + Math.random());
  if (error.status !== 429 || !idempotent || error.retryAfterMs === undefined) return undefined;
  return Math.min(error.retryAfterMs, MAX_RETRY_AFTER_MS) * (1 + Math.random() / 4);
}
