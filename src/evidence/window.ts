/** Between two moments; milliseconds since the epoch. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

/** What a source tells, and what a reader must know to trust it. */
export interface Told<T> {
  readonly value: T;
  readonly notes: readonly string[];
}

/** Milliseconds after which a source counts as silent. */
export const DEADLINE_MS = 5_000;

/** Rejects when the signal aborts, whether or not the work looks at it. */
export async function bounded<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(new Error("no answer in time"));
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Time of day of a moment: `10:04:05`. */
export function clock(moment: number): string {
  return new Date(moment).toISOString().slice(11, 19);
}

/** Seconds, to a hundredth. */
export function secondsOf(milliseconds: number): number {
  return Math.round(milliseconds / 10) / 100;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
