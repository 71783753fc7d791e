// A small stand-in for keystone and a network API, which passes the same contract as the real ones.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const STUB_USER = { username: "demo", password: "demo-pass-1234", project: "demo" };

interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Milliseconds for which tokens are good; a test shortens it. */
export class OpenStackStub {
  tokenLifeMs = 3_600_000;
  /** Every request, as `METHOD /path`. */
  readonly seen: string[] = [];
  readonly #tokens = new Set<string>();
  readonly #server: Server;
  #issued = 0;

  constructor() {
    this.#server = createServer((request, response) => void this.#handle(request, response));
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url ?? "/", "http://stub");
    const what = `${request.method} ${url.pathname}`;
    this.seen.push(what);
    if (url.pathname === "/network/v2.0/slow") return; // never answers
    const reply = this.#reply(what, { url, text, request });
    const headers = { "content-type": "application/json", "x-openstack-request-id": "req-1", ...reply.headers };
    response.writeHead(reply.status, headers).end(reply.body === undefined ? "" : JSON.stringify(reply.body));
  }

  #reply(what: string, asked: { url: URL; text: string; request: IncomingMessage }): Reply {
    if (what === "POST /identity/v3/auth/tokens") return this.#issue(asked.text, asked.request);
    const token = String(asked.request.headers["x-auth-token"]);
    if (!this.#tokens.has(token))
      return { status: 401, body: { error: { message: "The request you have made requires authentication." } } };
    if (what === "DELETE /identity/v3/auth/tokens") {
      this.#tokens.delete(String(asked.request.headers["x-subject-token"]));
      return { status: 204 };
    }
    if (what === "GET /identity/v3/auth/projects")
      return { status: 200, body: { projects: [{ id: "p", name: "demo" }] } };
    if (what === "GET /network/v2.0/networks") return networksPage(asked.url);
    if (what === "GET /network/v2.0/ports") return { status: 200, body: { ports: [] } };
    return { status: 404, body: { NeutronError: { message: "The resource could not be found." } } };
  }

  #issue(text: string, request: IncomingMessage): Reply {
    const { auth } = JSON.parse(text) as { auth: { identity: { password: { user: { password: string } } } } };
    if (auth.identity.password.user.password !== STUB_USER.password) {
      return { status: 401, body: { error: { message: "The request you have made requires authentication." } } };
    }
    const value = `token-${(this.#issued += 1)}`;
    this.#tokens.add(value);
    const issued = Date.now() - 86_400_000; // a server with a wrong clock
    const url = `http://${request.headers.host}/network`;
    const token = {
      issued_at: new Date(issued).toISOString(),
      expires_at: new Date(issued + this.tokenLifeMs).toISOString(),
      user: { id: "u" },
      project: { id: "p" },
      catalog: [{ type: "network", endpoints: [{ interface: "public", region: "RegionOne", url }] }],
    };
    return { status: 201, body: { token }, headers: { "x-subject-token": value } };
  }
}

/** Two pages of one network each. */
function networksPage(url: URL): Reply {
  if (url.searchParams.get("marker") === "n1") return { status: 200, body: { networks: [{ id: "n2", name: "two" }] } };
  const href = new URL(url);
  href.searchParams.set("marker", "n1");
  const next = { rel: "next", href: href.href };
  return { status: 200, body: { networks: [{ id: "n1", name: "one" }], networks_links: [next] } };
}
