import type { ProgressEvent, Report } from "../../host/progress.ts";
import { firstLine, type Renderer, type RenderOptions, seconds } from "./progress.ts";

interface Running {
  readonly message: string;
  readonly start: number;
  readonly expected: number | undefined;
}

/** Letters that every terminal has. */
const FRAMES = ["|", "/", "-", "\\"];
const REDRAW_MS = 200;

/** Finished parts scroll up; below them each running part shows its seconds, and those that it took last time. */
export function liveRenderer(options: RenderOptions & { readonly columns: () => number }): Renderer {
  const running = new Map<string, Running>();
  let drawn = 0;
  let frame = 0;
  const paint = (code: number, text: string): string => (options.color ? `\u001b[${code}m${text}\u001b[0m` : text);
  const clear = (): string => (drawn === 0 ? "" : `\u001b[${drawn}A\u001b[0J`);
  const draw = (above = ""): void => {
    const lines = [...running.values()].map((part) =>
      fit(runningLine(part, options.now(), FRAMES[frame % FRAMES.length] ?? ""), options.columns()),
    );
    options.write(`${clear()}${above}${lines.map((line) => `${line}\n`).join("")}`);
    drawn = lines.length;
  };
  const report: Report = (event) => {
    if (event.state === "started") {
      running.set(event.part, { message: event.message, start: options.now(), expected: options.expected[event.part] });
      draw();
      return;
    }
    if (event.state === "info" && running.has(event.part)) {
      const part = running.get(event.part);
      if (part !== undefined) running.set(event.part, { ...part, message: event.message });
      draw();
      return;
    }
    running.delete(event.part);
    draw(`${finishedLine(event, paint)}\n`);
  };
  const timer = setInterval(() => {
    frame += 1;
    if (running.size > 0) draw();
  }, REDRAW_MS);
  timer.unref();
  return {
    report,
    close: () => {
      clearInterval(timer);
      running.clear();
      draw();
    },
  };
}

function runningLine(part: Running, now: number, spinner: string): string {
  const elapsed = Math.floor((now - part.start) / 1000);
  const about = part.expected === undefined ? "" : ` of about ${seconds(part.expected)}`;
  return `${spinner}   ${part.message}  ${elapsed}s${about}`;
}

function finishedLine(event: ProgressEvent, paint: (code: number, text: string) => string): string {
  const took = event.seconds === undefined ? "" : paint(2, `  ${seconds(event.seconds)}`);
  if (event.state === "done") return `${paint(32, "ok ")} ${event.message}${took}`;
  if (event.state === "failed") return `${paint(31, "ERR")} ${event.part}: ${firstLine(event.message)}${took}`;
  return event.state === "skipped" ? `${paint(2, "-- ")} ${paint(2, event.message)}` : `    ${event.message}`;
}

/** One line stays one line: what does not fit is cut. */
function fit(text: string, columns: number): string {
  const characters = Array.from(text);
  return characters.length < columns ? text : `${characters.slice(0, Math.max(1, columns - 4)).join("")}...`;
}
