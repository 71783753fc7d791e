import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { type AdmissionResponse, answerReview, BadReviewError, type Judge } from "./admission.ts";
import type { KeyPair } from "../desired/certificates.ts";
import { WEBHOOK_PATHS } from "./webhook-config.ts";

export interface WebhookServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Of a Cloud's options. */
  readonly judge: Judge;
  /** Of approvals, and of what they are needed for. */
  readonly approvals: Approvals;
  /** Told of each answer. */
  readonly onAnswer?: (result: "allowed" | "refused" | "failed") => void;
  /** Told of what could not be judged; the API server then refuses or passes by the configuration's policy. */
  readonly onError?: (error: unknown) => void;
}

/** Answers an AdmissionReview. Each throws BadReviewError, and whatever keeps it from judging. */
export interface Approvals {
  stamp(review: unknown): Promise<AdmissionResponse>;
  judge(review: unknown): Promise<AdmissionResponse>;
}

type Answer = (review: unknown) => Promise<AdmissionResponse>;

/** The Cloud before and after, each as large as etcd takes it, with room for the envelope. */
const MAX_BODY = 8_000_000;
const HEALTH_PATH = "/healthz";

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/** Serves the webhook by TLS; before the first certificate every handshake fails. */
export class WebhookServer {
  readonly #options: WebhookServerOptions;
  readonly #server: Server;
  readonly #answers: Readonly<Record<string, Answer>>;

  constructor(options: WebhookServerOptions) {
    this.#options = options;
    const { judge, approvals } = options;
    this.#answers = {
      [WEBHOOK_PATHS.options]: (review) => answerReview(review, judge),
      [WEBHOOK_PATHS.approvals]: (review) => approvals.judge(review),
      [WEBHOOK_PATHS.stamp]: (review) => approvals.stamp(review),
    };
    this.#server = createServer({ minVersion: "TLSv1.2" }, (request, response) => {
      this.#answer(request).then(
        ({ status, type, text }) => response.writeHead(status, { "content-type": type }).end(text),
        (error: unknown) => {
          options.onError?.(error);
          response.writeHead(500, { "content-type": "text/plain" }).end("the operator could not judge it\n");
        },
      );
    });
    this.#server.requestTimeout = 10_000;
    this.#server.on("tlsClientError", (_error, socket) => socket.destroy());
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

  /** New connections get this certificate; those that are open go on with theirs. */
  use({ certificate, privateKey }: KeyPair): void {
    this.#server.setSecureContext({ cert: certificate, key: privateKey });
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage): Promise<Reply> {
    const path = request.url?.split("?", 1)[0];
    if (path === HEALTH_PATH) return { status: 200, type: "text/plain", text: "ok\n" };
    const answer = this.#answers[path ?? ""];
    if (answer === undefined || request.method !== "POST")
      return { status: 404, type: "text/plain", text: "not found\n" };
    const body = await read(request);
    if (body === undefined) return { status: 413, type: "text/plain", text: `more than ${MAX_BODY} bytes\n` };
    return this.#review(body, answer);
  }

  async #review(body: string, answer: Answer): Promise<Reply> {
    const { onAnswer } = this.#options;
    let response: AdmissionResponse;
    try {
      response = await answer(parsed(body));
    } catch (error) {
      onAnswer?.("failed");
      if (error instanceof BadReviewError) return { status: 400, type: "text/plain", text: `${error.message}\n` };
      throw error;
    }
    onAnswer?.(response.allowed ? "allowed" : "refused");
    const text = JSON.stringify({ apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response });
    return { status: 200, type: "application/json", text };
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new BadReviewError(cause);
  }
}

/** Undefined when there is too much of it. */
async function read(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}
