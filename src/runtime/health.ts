import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Registry } from "prom-client";

export interface HealthOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly registry: Registry;
  /** What is missing for the process to be alive, or ready; empty when nothing is. */
  readonly alive: () => readonly string[];
  readonly ready: () => readonly string[];
}

/** Serves /healthz, /readyz and /metrics. */
export class HealthServer {
  readonly #options: HealthOptions;
  readonly #server: Server;

  constructor(options: HealthOptions) {
    this.#options = options;
    this.#server = createServer((request, response) => {
      this.#answer(request.url ?? "/").then(
        ({ status, type, text }) => response.writeHead(status, { "content-type": type }).end(text),
        (error: unknown) => response.writeHead(500).end(String(error)),
      );
    });
  }

  /** Resolves with the port. */
  listen(): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#server.once("error", reject);
    this.#server.listen(this.#options.port, this.#options.host, () =>
      resolve((this.#server.address() as AddressInfo).port),
    );
    return promise;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(url: string): Promise<{ status: number; type: string; text: string }> {
    const { registry, alive, ready } = this.#options;
    const path = url.split("?", 1)[0];
    if (path === "/metrics") return { status: 200, type: registry.contentType, text: await registry.metrics() };
    const checks: Readonly<Record<string, () => readonly string[]>> = { "/healthz": alive, "/readyz": ready };
    const missing = checks[path ?? ""]?.();
    if (missing === undefined) return { status: 404, type: "text/plain", text: "not found\n" };
    const text = missing.length === 0 ? "ok\n" : `${missing.join("\n")}\n`;
    return { status: missing.length === 0 ? 200 : 503, type: "text/plain", text };
  }
}
