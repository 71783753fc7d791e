/** One event of a long run. The CLI draws them; `-o json` prints each as a line. */
export interface ProgressEvent {
  /** Stable name of the part, for example `binaries/kubernetes`; expected seconds are remembered by it. */
  readonly part: string;
  /** `detail`: a line that a program of the part printed, for the log and not for the screen. */
  readonly state: "started" | "done" | "skipped" | "failed" | "info" | "detail";
  readonly message: string;
  /** Wall seconds, with `done` and `failed`. */
  readonly seconds?: number;
  /** Processor seconds of the part's programs, where known. */
  readonly cpuSeconds?: number;
}

export type Report = (event: ProgressEvent) => void;

/** Passes on what a program of the part prints, line by line: `onLine` of `exec`. */
export function details(report: Report, part: string): (line: string) => void {
  return (line) => report({ part, state: "detail", message: line });
}

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
