import type { ProgressEvent, Report } from "../../host/progress.ts";
import type { Timings } from "./timings.ts";

/** Draws the events of one run. */
export interface Renderer {
  readonly report: Report;
  /** Leaves the screen as it should stay. */
  close(): void;
}

export interface RenderOptions {
  /** Writes text as it is. */
  readonly write: (text: string) => void;
  /** Seconds that each part took last time. */
  readonly expected: Timings;
  readonly color: boolean;
  /** Milliseconds; a clock that never goes back. */
  readonly now: () => number;
}

export type Mode = "live" | "plain" | "json";

/** The mode of a run: `-o json` wins, then whether lines can be redrawn. */
export function modeOf(output: "json" | undefined, terminal: boolean): Mode {
  if (output === "json") return "json";
  return terminal ? "live" : "plain";
}

/** Of a failure, the progress tells the first line; the whole of it is the error at the end. */
export function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}

export function seconds(value: number): string {
  return value < 10 ? `${value.toFixed(1)}s` : `${Math.round(value)}s`;
}

/** One event a line as JSON, with the seconds since the start and what was expected. */
export function jsonRenderer({ write, expected, now }: RenderOptions): Renderer {
  const start = now();
  const report: Report = (event) => {
    const about = expected[event.part];
    const line = {
      time: new Date().toISOString(),
      elapsed: Math.round((now() - start) / 10) / 100,
      ...event,
      ...(about === undefined ? {} : { expectedSeconds: about }),
    };
    write(`${JSON.stringify(line)}\n`);
  };
  return { report, close: () => undefined };
}

/** A line when a part starts and one when it ends: for logs and pipes. */
export function plainRenderer(options: RenderOptions): Renderer {
  const report: Report = (event) => options.write(`${plainLine(event, options.expected)}\n`);
  return { report, close: () => undefined };
}

function plainLine(event: ProgressEvent, expected: Timings): string {
  const about = expected[event.part];
  const took = event.seconds === undefined ? "" : ` (${seconds(event.seconds)})`;
  switch (event.state) {
    case "started":
      return `... ${event.message}${about === undefined ? "" : ` (about ${seconds(about)})`}`;
    case "done":
      return `ok  ${event.message}${took}`;
    case "skipped":
      return `--  ${event.message}`;
    case "failed":
      return `ERR ${event.part}: ${firstLine(event.message)}${took}`;
    case "info":
    case "detail":
      return `    ${event.message}`;
  }
}
