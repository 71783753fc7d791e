import { OpenStackError } from "./error.ts";
import { header, type Answer } from "./transport.ts";

/** Who we are: a user with a password, in a project. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
  readonly project: string;
  /** Name of the user's domain; default `Default`. */
  readonly userDomain?: string;
  /** Name of the project's domain; default `Default`. */
  readonly projectDomain?: string;
}

export interface Token {
  readonly value: string;
  /** On this process's monotonic clock, milliseconds: when it should be replaced. */
  readonly renewAt: number;
  readonly userId: string;
  readonly projectId: string;
  readonly catalog: readonly CatalogEntry[];
}

interface CatalogEntry {
  readonly type: string;
  readonly endpoints: readonly { readonly interface: string; readonly region: string | null; readonly url: string }[];
}

interface TokenBody {
  readonly token: {
    readonly issued_at: string;
    readonly expires_at: string;
    readonly user: { readonly id: string };
    readonly project: { readonly id: string };
    readonly catalog?: readonly CatalogEntry[];
  };
}

export function tokenRequest(credentials: Credentials): Record<string, unknown> {
  const { username, password, project, userDomain = "Default", projectDomain = "Default" } = credentials;
  const user = { name: username, password, domain: { name: userDomain } };
  return {
    auth: {
      identity: { methods: ["password"], password: { user } },
      scope: { project: { name: project, domain: { name: projectDomain } } },
    },
  };
}

/** Part of a token's life after which it is replaced. */
const RENEW_AFTER = 0.9;

/**
 * Reads an answer of `POST /auth/tokens`. The token's life is the difference of the server's two times, counted on
 * our own clock, so that clocks need not agree.
 */
export function readToken(answer: Answer, now: number): Token {
  const value = header(answer, "x-subject-token");
  const { token } = JSON.parse(answer.text) as TokenBody;
  const life = Date.parse(token.expires_at) - Date.parse(token.issued_at);
  if (value === undefined || !(life > 0)) {
    throw new OpenStackError({
      service: "identity",
      method: "POST",
      path: "/auth/tokens",
      status: answer.status,
      message: "the answer holds no token with a life",
      next: "Check that the identity URL is that of keystone.",
    });
  }
  return {
    value,
    renewAt: now + life * RENEW_AFTER,
    userId: token.user.id,
    projectId: token.project.id,
    catalog: token.catalog ?? [],
  };
}

/** URL of a service in a token's catalogue, or undefined. */
export function findEndpoint(
  token: Token,
  wanted: { service: string; interface: string; region?: string | undefined },
): string | undefined {
  for (const entry of token.catalog) {
    if (entry.type !== wanted.service) continue;
    const found = entry.endpoints.find(
      (endpoint) =>
        endpoint.interface === wanted.interface && (wanted.region === undefined || endpoint.region === wanted.region),
    );
    if (found !== undefined) return found.url;
  }
  return undefined;
}
