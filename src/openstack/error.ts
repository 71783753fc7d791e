/** A call to an OpenStack API that did not do what it should, with what an operator needs to go on. */
export interface ErrorFacts {
  /** Service type as in the catalogue: `identity`, `image`, `compute`, `network`, `placement`. */
  readonly service: string;
  readonly method: string;
  readonly path: string;
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  /** The service's id of this request, to be found in its log. */
  readonly requestId?: string;
  /** What the service said. */
  readonly message: string;
  /** What to do now, in one sentence. */
  readonly next?: string;
  readonly cause?: unknown;
}

export class OpenStackError extends Error {
  readonly service: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly requestId: string | undefined;
  /** The service's own words, without ours. */
  readonly reason: string;
  readonly next: string;
  constructor(facts: ErrorFacts) {
    const request = facts.requestId === undefined ? "" : ` (request ${facts.requestId})`;
    const status = facts.status === 0 ? "no answer" : String(facts.status);
    super(`${facts.service}: ${facts.method} ${facts.path}: ${status}: ${facts.message}${request}`, {
      cause: facts.cause,
    });
    this.name = "OpenStackError";
    this.service = facts.service;
    this.method = facts.method;
    this.path = facts.path;
    this.status = facts.status;
    this.requestId = facts.requestId;
    this.reason = facts.message;
    this.next = facts.next ?? advice(facts);
  }
}

/** True for an error that says "there is no such thing". */
export function isNotFound(error: unknown): boolean {
  return error instanceof OpenStackError && error.status === 404;
}

/** True for an error that says "it exists already" or "it is in use". */
export function isConflict(error: unknown): boolean {
  return error instanceof OpenStackError && error.status === 409;
}

function advice(facts: ErrorFacts): string {
  if (facts.status === 0) return `Check that the gateway and the ${facts.service} pods are ready, then run it again.`;
  if (facts.status === 401) return "Check the user's password, project and domain.";
  if (/quota/i.test(facts.message)) return "Raise the project's quota, or remove what is not needed.";
  if (facts.status === 403) return "Check the roles of the user in its project.";
  if (facts.status >= 500) return `Read the log of the ${facts.service} service for this request.`;
  return "Correct what the message names, then run it again.";
}

/** The sentence in an error answer, whichever of the services' shapes it has; never a whole page of HTML. */
export function errorMessage(body: string): string {
  const parsed = parse(body);
  const text = typeof parsed === "object" && parsed !== null ? sentence(parsed) : undefined;
  const plain = (text ?? body)
    .replaceAll(/<(title|style|script)[^>]*>.*?<\/\1>/gis, " ")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ")
    .trim();
  return plain === "" ? "(empty answer)" : plain.slice(0, 600);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined; // glance and the gateway answer with HTML or plain text
  }
}

/** keystone `error.message`, nova `<fault>.message`, neutron `NeutronError.message`, placement `errors[0].detail`. */
function sentence(body: object): string | undefined {
  for (const value of Object.values(body) as unknown[]) {
    const inner: unknown = Array.isArray(value) ? value[0] : value;
    if (typeof inner === "string" && inner !== "") return inner;
    if (typeof inner !== "object" || inner === null) continue;
    const { message, detail } = inner as { message?: unknown; detail?: unknown };
    if (typeof message === "string" && message !== "") return message;
    if (typeof detail === "string" && detail !== "") return detail;
  }
  return undefined;
}
