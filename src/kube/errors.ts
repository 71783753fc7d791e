/** What the API server says about a failed call (`kind: Status`). */
export interface StatusBody {
  readonly reason?: string;
  readonly message?: string;
  readonly details?: {
    readonly name?: string;
    readonly causes?: readonly StatusCause[];
    readonly retryAfterSeconds?: number;
  };
}

export interface StatusCause {
  readonly reason?: string;
  readonly message?: string;
  readonly field?: string;
}

/** A call to the API server that failed. `status` is 0 when no answer came. */
export class KubeError extends Error {
  readonly status: number;
  /** The server's reason (`NotFound`, `Conflict`, `Invalid`, …), or ours: `Unreachable`, `Stalled`, `UnknownKind`, `BadAnswer`. */
  readonly reason: string;
  readonly causes: readonly StatusCause[];
  /** Method and path. */
  readonly request: string;
  /** The server's details name an object: the object is missing, not its kind. */
  readonly objectName: string | undefined;
  /** How long the server asks us to wait. */
  readonly retryAfterMs: number | undefined;
  constructor(request: string, status: number, body: StatusBody, cause?: unknown) {
    super(
      `${request}: ${body.message ?? body.reason ?? `HTTP status ${status}`}`,
      cause === undefined ? {} : { cause },
    );
    this.name = "KubeError";
    this.status = status;
    this.reason = body.reason ?? "Unknown";
    this.causes = body.details?.causes ?? [];
    this.request = request;
    this.objectName = body.details?.name;
    const seconds = body.details?.retryAfterSeconds;
    this.retryAfterMs = seconds === undefined || Number.isNaN(seconds) ? undefined : seconds * 1000;
  }
}

export function isReason(error: unknown, ...reasons: readonly string[]): error is KubeError {
  return error instanceof KubeError && reasons.includes(error.reason);
}

/** The object (not its kind) does not exist. */
export function isNotFound(error: unknown): error is KubeError {
  return isReason(error, "NotFound") && error.objectName !== undefined;
}

/** The resource version is too old to go on from: list again. */
export function isGone(error: unknown): error is KubeError {
  return error instanceof KubeError && (error.status === 410 || error.reason === "Expired" || error.reason === "Gone");
}
