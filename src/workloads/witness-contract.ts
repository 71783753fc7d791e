// The shape of every workload's `witness.ts`: the operations that prove that its API works.

/** One API as the witness' user. Each call is one operation: timed, counted, and an error when it fails. */
export interface WitnessApi {
  readonly userId: string;
  readonly projectId: string;
  get(path: string): Promise<Readonly<Record<string, unknown>>>;
  post(path: string, json: unknown): Promise<Readonly<Record<string, unknown>>>;
  put(path: string, json?: unknown): Promise<Readonly<Record<string, unknown>>>;
  delete(path: string): Promise<void>;
  /** Sends bytes. */
  upload(path: string, bytes: Buffer): Promise<void>;
  /** Logs in with user and password. */
  issueToken(): Promise<void>;
}

export interface WitnessRead {
  /** Stable, short: `list images`. */
  readonly name: string;
  readonly path: string;
}

/** A short life-cycle that leaves nothing behind. */
export interface WitnessCycle {
  /** Stable, short: `image`. */
  readonly name: string;
  /** `service`: with the witness' second user, which has the role service, where a member of a project may write nothing. */
  readonly as?: "member" | "service";
  /** Makes, looks at and removes something called `name`. Throws AcceptedButFailed when what was accepted ends in an error. */
  run(api: WitnessApi, name: string): Promise<void>;
  /** Paths of what an earlier death left, in the order in which they can be deleted. */
  leftovers?(api: WitnessApi, prefix: string): Promise<readonly string[]>;
}

export interface WitnessDefinition {
  /** Service type as in the catalogue. */
  readonly api: string;
  readonly reads: readonly WitnessRead[];
  readonly cycles: readonly WitnessCycle[];
}

/** The API said yes, and the thing ended in an error. */
export class AcceptedButFailed extends Error {
  constructor(what: string, state: string) {
    super(`${what} was accepted and ended as "${state}"`);
    this.name = "AcceptedButFailed";
  }
}

/** The object under `key` of an answer, which must have an id. */
export function made(
  body: Readonly<Record<string, unknown>>,
  key: string,
): { readonly id: string; readonly status?: string } {
  const item = body[key] as { id?: unknown; status?: string } | undefined;
  if (typeof item?.id !== "string") throw new AcceptedButFailed(key, "an answer without an id");
  return { ...item, id: item.id };
}

/** Those of the list under `key` whose `field` starts with the prefix. */
export function named(
  body: Readonly<Record<string, unknown>>,
  wanted: { key: string; prefix: string; field?: string },
): readonly { readonly id: string }[] {
  const items = (body[wanted.key] ?? []) as readonly Record<string, string>[];
  return items
    .filter((item) => item[wanted.field ?? "name"]?.startsWith(wanted.prefix) === true)
    .map((item) => ({ id: item["id"] ?? "" }));
}
