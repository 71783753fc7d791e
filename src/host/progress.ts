/** One event of a long run. The CLI draws them; `-o json` prints each as a line. */
export interface ProgressEvent {
  /** Stable name of the part, for example `binaries/kubernetes`; expected seconds are remembered by it. */
  readonly part: string;
  readonly state: "started" | "done" | "skipped" | "failed" | "info";
  readonly message: string;
  /** Wall seconds, with `done` and `failed`. */
  readonly seconds?: number;
  /** Processor seconds of the part's programs, where known. */
  readonly cpuSeconds?: number;
}

export type Report = (event: ProgressEvent) => void;

/** Runs `work` as one part: reports its start, then its end with the seconds it took. */
export async function timed<T>(report: Report, part: string, message: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const seconds = (): number => Math.round((performance.now() - start) / 10) / 100;
  report({ part, state: "started", message });
  try {
    const result = await work();
    report({ part, state: "done", message, seconds: seconds() });
    return result;
  } catch (error) {
    report({
      part,
      state: "failed",
      message: error instanceof Error ? error.message : String(error),
      seconds: seconds(),
    });
    throw error;
  }
}
