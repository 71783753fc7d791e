// openstack: a thin client of the OpenStack APIs: a session and the calls that we make.
import type { Readable } from "node:stream";

import { OpenStackError } from "./error.ts";
import { findEndpoint, readToken, tokenRequest, type Credentials, type Token } from "./token.ts";
import { Transport, type Answer } from "./transport.ts";

export type { Credentials } from "./token.ts";

export interface SessionOptions extends Credentials {
  /** URL of keystone, with or without `/v3`: `https://10.90.0.11:30443/identity`. */
  readonly authUrl: string;
  /** Only endpoints of this region; without it, of any. */
  readonly region?: string;
  /** Which of the catalogue's URLs are used; default `public`. */
  readonly interface?: "public" | "internal";
  /** PEM of the authority of the gateway's certificate. */
  readonly caCertificate?: string;
  /** Scheme, host and port that replace those of every URL, the authentication's included: `https://gateway.laptop.svc.cluster.local`. */
  readonly gateway?: string;
  /** Milliseconds for a call unless it says otherwise; default 60,000. */
  readonly timeoutMs?: number;
  /** false: a new connection for each request; default true. */
  readonly keepAlive?: boolean;
  /** false: a refused token is an error, not a reason for a new one; default true. */
  readonly renewRefused?: boolean;
}

export type Service = "identity" | "image" | "compute" | "network" | "placement" | (string & {});

export interface Call {
  readonly service: Service;
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the API's version: `/servers/detail`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as bytes; called again if the token has to be renewed. */
  readonly stream?: () => Readable;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** What the catalogue may leave out, and our paths do not repeat. */
const VERSION_PATH: Readonly<Record<string, string>> = { image: "v2", compute: "v2.1", network: "v2.0" };
/** Microversions that our calls are written for: compute of 2023.1 and later, placement of Zed and later. */
const MICROVERSION: Readonly<Record<string, string>> = { compute: "compute 2.90", placement: "placement 1.39" };
const DEFAULT_TIMEOUT_MS = 60_000;

/**
 * One user in one project of one cloud. Holds a token, renews it before it ends and once when it is refused, and makes
 * no other retries. Every call throws OpenStackError when it fails.
 */
export class Session {
  readonly options: SessionOptions;
  readonly #transport: Transport;
  #token: Token | undefined;
  #renewal: Promise<Token> | undefined;

  constructor(options: SessionOptions) {
    this.options = options;
    this.#transport = new Transport(options);
  }

  /** Sends a call with a token. */
  async request(call: Call): Promise<Answer> {
    const token = await this.#current();
    try {
      return await this.#send(call, token);
    } catch (error) {
      if (!(error instanceof OpenStackError) || error.status !== 401) throw error;
      if (this.options.renewRefused === false) throw error;
      if (this.#token === token) this.#token = undefined;
      return this.#send(call, await this.#current());
    }
  }

  /** Sends a call and reads its answer as JSON; an empty answer is `undefined`. */
  async json<T>(call: Call): Promise<T> {
    const { status, text } = await this.request(call);
    if (text === "") return undefined as T;
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      const message = `the answer is not JSON: ${text.slice(0, 80)}`;
      throw new OpenStackError({ service: call.service, method: call.method, path: call.path, status, message, cause });
    }
  }

  /** Gets a new token, whatever is held: proves that the user and its project are right. Held tokens stay valid. */
  async authenticate(): Promise<void> {
    this.#renewal = undefined;
    this.#token = undefined;
    await this.#current();
  }

  /** Ids of the user and of the project that this session acts in. */
  async self(): Promise<{ userId: string; projectId: string }> {
    const { userId, projectId } = await this.#current();
    return { userId, projectId };
  }

  /** The token that is held: for a program that is given one instead of a password. Never to be logged. */
  async token(): Promise<string> {
    return (await this.#current()).value;
  }

  /** Ends the connections. The session cannot be used afterwards. */
  async close(): Promise<void> {
    await this.#transport.close();
  }

  async #current(): Promise<Token> {
    if (this.#token !== undefined && performance.now() < this.#token.renewAt) return this.#token;
    this.#renewal ??= this.#authenticate().finally(() => {
      this.#renewal = undefined;
    });
    return this.#renewal;
  }

  async #authenticate(): Promise<Token> {
    const now = performance.now();
    const answer = await this.#transport.send({
      service: "identity",
      method: "POST",
      url: this.#url(this.#identity(), "/auth/tokens"),
      path: "/auth/tokens",
      headers: { "content-type": "application/json", accept: "application/json" },
      body: JSON.stringify(tokenRequest(this.options)),
      timeoutMs: this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      hide: [this.options.password],
    });
    this.#token = readToken(answer, now);
    return this.#token;
  }

  async #send(call: Call, token: Token): Promise<Answer> {
    const url = this.#url(this.#endpoint(call, token), call.path);
    for (const [name, value] of Object.entries(call.query ?? {})) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const body = call.stream?.() ?? (call.json === undefined ? undefined : JSON.stringify(call.json));
    return this.#transport.send({
      service: call.service,
      method: call.method,
      url,
      path: call.path,
      headers: headersOf(call, token),
      timeoutMs: call.timeoutMs ?? this.options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      hide: secretsIn(call.json),
      ...(body === undefined ? {} : { body }),
      ...(call.signal === undefined ? {} : { signal: call.signal }),
    });
  }

  #endpoint(call: Call, token: Token): string {
    // Keystone is where we authenticate, whatever the catalogue says of it: so the catalogue itself can be mended.
    if (call.service === "identity") return this.#identity();
    const wanted = {
      service: call.service,
      interface: this.options.interface ?? "public",
      region: this.options.region,
    };
    const found = findEndpoint(token, wanted);
    if (found !== undefined) return versioned(found, VERSION_PATH[call.service]);
    // A token shows the catalogue of the moment it was issued: a service that came later needs a new one.
    this.#token = undefined;
    throw new OpenStackError({
      service: call.service,
      method: call.method,
      path: call.path,
      status: 0,
      message: `the catalogue has no ${wanted.interface} endpoint of the service type "${call.service}"`,
      next: "Wait until the cloud's catalogue is written, then run it again.",
    });
  }

  #identity(): string {
    return versioned(this.options.authUrl, "v3");
  }

  #url(base: string, path: string): URL {
    const url = new URL(base + path);
    if (this.options.gateway === undefined) return url;
    const gateway = new URL(this.options.gateway);
    url.protocol = gateway.protocol;
    url.host = gateway.host;
    if (gateway.port === "") url.port = "";
    return url;
  }
}

function versioned(url: string, version: string | undefined): string {
  const base = url.replace(/\/+$/, "");
  return version === undefined || base.endsWith(`/${version}`) ? base : `${base}/${version}`;
}

function headersOf(call: Call, token: Token): Record<string, string> {
  const microversion = MICROVERSION[call.service];
  return {
    accept: "application/json",
    "x-auth-token": token.value,
    ...(call.json === undefined ? {} : { "content-type": "application/json" }),
    ...(call.stream === undefined ? {} : { "content-type": "application/octet-stream" }),
    ...(microversion === undefined ? {} : { "openstack-api-version": microversion }),
    ...call.headers,
  };
}

const SECRET_FIELD = /^(password|original_password|secret|private_key|adminPass|user_data)$/;

/** Values in a body that no error message may repeat. */
function secretsIn(json: unknown): string[] {
  if (typeof json !== "object" || json === null) return [];
  return Object.entries(json).flatMap(([name, value]: [string, unknown]) =>
    typeof value === "string" ? (SECRET_FIELD.test(name) ? [value] : []) : secretsIn(value),
  );
}
