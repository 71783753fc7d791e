import type { Readable } from "node:stream";

import { Agent, request } from "undici";

import { errorMessage, OpenStackError } from "./error.ts";

/** One HTTP request, as it goes out. */
export interface Outgoing {
  readonly service: string;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly url: URL;
  /** The path that errors show. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Readable;
  /** Milliseconds for the whole exchange. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Values that no message may show. */
  readonly hide?: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** One connection pool to one cloud. */
export class Transport {
  readonly #agent: Agent;

  /**
   * @param options.caCertificate PEM; without it the system's authorities count.
   * @param options.keepAlive false opens a connection for each request, as the witness does: a reused connection
   *   that the other side is just closing would look like a lost request.
   */
  constructor(options: { caCertificate?: string | undefined; keepAlive?: boolean | undefined }) {
    this.#agent = new Agent({
      connect: { timeout: 5_000, ...(options.caCertificate === undefined ? {} : { ca: options.caCertificate }) },
      connections: 16,
      pipelining: options.keepAlive === false ? 0 : 1,
      headersTimeout: 0,
      bodyTimeout: 0,
    });
  }

  /** Throws OpenStackError when no answer comes in time or its status is 400 or more. */
  async send(out: Outgoing): Promise<Answer> {
    const deadline = AbortSignal.timeout(out.timeoutMs);
    const signal = out.signal === undefined ? deadline : AbortSignal.any([deadline, out.signal]);
    const answer = await this.#exchange(out, signal).catch((cause: unknown) => {
      throw noAnswer(out, { cause, late: deadline.aborted });
    });
    if (answer.status < 400) return answer;
    throw refused(out, answer);
  }

  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #exchange(out: Outgoing, signal: AbortSignal): Promise<Answer> {
    const response = await request(out.url, {
      method: out.method,
      headers: out.headers,
      dispatcher: this.#agent,
      signal,
      ...(out.body === undefined ? {} : { body: out.body }),
    });
    return { status: response.statusCode, headers: response.headers, text: await response.body.text() };
  }
}

export function header(answer: Answer, name: string): string | undefined {
  const value = answer.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function refused(out: Outgoing, answer: Answer): OpenStackError {
  const requestId = header(answer, "x-openstack-request-id") ?? header(answer, "x-compute-request-id");
  return new OpenStackError({
    ...facts(out),
    status: answer.status,
    message: hidden(errorMessage(answer.text), out.hide ?? []),
    ...(requestId === undefined ? {} : { requestId }),
  });
}

function noAnswer(out: Outgoing, why: { cause: unknown; late: boolean }): OpenStackError {
  const said = why.cause instanceof Error ? why.cause.message || String((why.cause as NodeJS.ErrnoException).code) : "";
  const message = why.late ? `no answer within ${out.timeoutMs / 1000} s` : hidden(said, out.hide ?? []);
  return new OpenStackError({ ...facts(out), status: 0, message: `${out.url.host}: ${message}`, cause: why.cause });
}

function facts(out: Outgoing): { service: string; method: string; path: string } {
  return { service: out.service, method: out.method, path: out.path };
}

/** Services repeat what they were sent when they refuse it; a password must not come back in a message. */
function hidden(message: string, values: readonly string[]): string {
  return values.reduce((text, value) => (value === "" ? text : text.replaceAll(value, "***")), message);
}
