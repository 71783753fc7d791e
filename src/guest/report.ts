// guest: the first server of a cloud, `hello`, with all that it needs, made by the OpenStack API alone.

/** One event of the work; `part` is a stable name such as `guest/image`. */
export interface GuestEvent {
  readonly part: string;
  readonly state: "started" | "done" | "skipped" | "failed" | "info";
  readonly message: string;
  /** Wall seconds, with `done` and `failed`. */
  readonly seconds?: number;
}

export type GuestReport = (event: GuestEvent) => void;

/** Runs one part and tells its start and end; `skipped` when it changed nothing. */
export async function part<T extends { readonly changed: readonly string[] }>(
  report: GuestReport,
  name: string,
  work: () => Promise<T>,
): Promise<T> {
  const start = performance.now();
  const seconds = (): number => Math.round((performance.now() - start) / 10) / 100;
  report({ part: name, state: "started", message: name });
  try {
    const result = await work();
    const [state, message] =
      result.changed.length === 0
        ? (["skipped", "nothing to change"] as const)
        : (["done", result.changed.join(", ")] as const);
    report({ part: name, state, message, seconds: seconds() });
    return result;
  } catch (error) {
    report({
      part: name,
      state: "failed",
      message: error instanceof Error ? error.message : String(error),
      seconds: seconds(),
    });
    throw error;
  }
}

/** The guest cannot be made or does not answer. */
export class GuestError extends Error {
  readonly next: string;
  constructor(message: string, next: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "GuestError";
    this.next = next;
  }
}
