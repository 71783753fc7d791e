import { join } from "node:path";
import type { ProgressEvent, Report } from "../host/progress.ts";
import type { CliContext } from "./context.ts";
import { withLog } from "./errors.ts";
import { withLock } from "./lock.ts";
import { liveRenderer } from "./render/live.ts";
import { jsonRenderer, modeOf, plainRenderer, type Renderer, type RenderOptions } from "./render/progress.ts";
import { readTimings, writeTimings } from "./render/timings.ts";
import { RunLog } from "./run-log.ts";

/** What the work of a long verb gets. */
export interface LongRun {
  readonly report: Report;
  /** Aborted by the first Ctrl-C or SIGTERM; the second ends the process. */
  readonly signal: AbortSignal;
}

export interface LongRunOptions {
  /** For the lock file and messages: `underpin up`. */
  readonly command: string;
  readonly output: "json" | undefined;
}

/** Runs a verb that changes things: under the lock, with its events drawn, its seconds remembered, and Ctrl-C heard. */
export async function longRun<T>(
  cli: CliContext,
  options: LongRunOptions,
  work: (run: LongRun) => Promise<T>,
): Promise<T> {
  return withLock(cli.paths.lock, options.command, async () => {
    const expected = await readTimings(cli.paths.timings);
    const renderer = rendererFor(cli, options.output, expected);
    const took: Record<string, number> = {};
    const log = new RunLog(join(cli.paths.cache, "logs", `${options.command.replaceAll(/[^a-z]+/g, "-")}.log`));
    const report: Report = (event: ProgressEvent) => {
      log.add(event);
      if (event.state === "detail") return;
      if (event.state === "done" && event.seconds !== undefined) took[event.part] = event.seconds;
      renderer.report(event);
    };
    const interrupt = interruption(cli);
    try {
      return await work({ report, signal: interrupt.signal });
    } catch (error) {
      throw withLog(error, log.reason);
    } finally {
      log.close();
      interrupt.release();
      renderer.close();
      // Only a comfort: on a full disk, for example, the error of the part that it stopped is the one to tell.
      await writeTimings(cli.paths.timings, took).catch(() => undefined);
    }
  });
}

function rendererFor(
  cli: CliContext,
  output: "json" | undefined,
  expected: Readonly<Record<string, number>>,
): Renderer {
  const mode = modeOf(output, cli.terminal);
  // Events are the output with `-o json`; otherwise they are progress, and the output is what the verb says at the end.
  const stream = mode === "json" ? cli.process.stdout : cli.process.stderr;
  const options: RenderOptions = {
    write: (text) => stream.write(text),
    expected,
    color: mode === "live" && (cli.env["NO_COLOR"] ?? "") === "",
    now: () => performance.now(),
  };
  if (mode === "json") return jsonRenderer(options);
  if (mode === "plain") return plainRenderer(options);
  return liveRenderer({ ...options, columns: () => (cli.process.stderr as { columns?: number }).columns ?? 80 });
}

function interruption(cli: CliContext): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    cli.err("Stopping; once more ends it at once. Run it again to go on.");
    controller.abort();
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return {
    signal: controller.signal,
    release: () => {
      process.off("SIGINT", stop);
      process.off("SIGTERM", stop);
    },
  };
}
