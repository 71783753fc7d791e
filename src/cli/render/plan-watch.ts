// A Plan as it is carried out: drawn again and again on a terminal, else a line for each change.
import type { Plan } from "../../api/plan.ts";
import { graphOfStored } from "./graph.ts";
import { graphLines } from "./graph-text.ts";
import { standing } from "./plan-stored.ts";
import { awaitsEvidence, duration, GATHERING } from "./plan-words.ts";
import { hangingLines, singleLine } from "./width.ts";

export interface WatchRenderer {
  /** Told of each version of the Plan. */
  readonly show: (plan: Plan) => void;
  /** Something that a reader must know, in a line. */
  readonly note: (text: string) => void;
  /** Leaves the screen as it should stay. */
  readonly close: () => void;
}

type Write = (text: string) => void;
type Step = NonNullable<NonNullable<Plan["status"]>["steps"]>[number];

/** A line for each step that changed, and for each phase. */
export function plainWatch(write: Write): WatchRenderer {
  const changes = changesSince();
  const show = (plan: Plan): void => {
    const { phase, steps } = changes(plan);
    for (const step of steps) write(`${stepLine(step)}\n`);
    if (phase) write(`Plan ${plan.metadata.name} ${standing(plan)}${messageOf(plan)}\n`);
    if (phase && awaitsEvidence(plan)) write(`${GATHERING}\n`);
  };
  return { show, note: (text) => write(`${singleLine(text)}\n`), close: () => undefined };
}

/** An object a line, for each step that changed and for each phase. */
export function jsonWatch(write: Write, now: () => Date): WatchRenderer {
  const changes = changesSince();
  const event = (content: object): void => write(`${JSON.stringify({ time: now().toISOString(), ...content })}\n`);
  const show = (plan: Plan): void => {
    const { phase, steps } = changes(plan);
    const { name } = plan.metadata;
    for (const { id, ...step } of steps) event({ plan: name, step: id, ...step });
    if (phase)
      event({ plan: name, phase: plan.status?.phase, message: plan.status?.message, progress: plan.status?.progress });
  };
  return { show, note: (text) => event({ note: text }), close: () => undefined };
}

export interface LiveOptions {
  readonly write: Write;
  readonly color: boolean;
  /** Of the terminal as it is now. */
  readonly size: () => { readonly columns: number; readonly rows: number };
  readonly now: () => Date;
}

const REDRAW_MS = 1000;

/** The Plan's progress and graph, drawn again each second and at each change. */
export function liveWatch(options: LiveOptions): WatchRenderer {
  let last: { readonly plan: Plan; readonly at: Date } | undefined;
  let drawn = 0;
  const clear = (): string => (drawn === 0 ? "" : `\u001b[${drawn}A\u001b[0J`);
  const draw = (above = ""): void => {
    const { columns, rows } = options.size();
    const now = options.now();
    const seen = last;
    const gone = seen === undefined ? 0 : (now.getTime() - seen.at.getTime()) / 1000;
    // A line that fills the last column would make some terminals begin another.
    const view = { width: columns - 1, rows: rows - 1, color: options.color, now, gone };
    const lines = seen === undefined ? [] : watchFrame(seen.plan, view);
    options.write(`${clear()}${above}${lines.map((line) => `${line}\n`).join("")}`);
    drawn = lines.length;
  };
  const timer = setInterval(draw, REDRAW_MS);
  timer.unref();
  return {
    show: (plan) => {
      last = { plan, at: options.now() };
      draw();
    },
    note: (text) => draw(`${singleLine(text)}\n`),
    close: () => clearInterval(timer),
  };
}

export interface FrameView {
  /** Characters in a line, at least 20. */
  readonly width: number;
  /** Lines at most. */
  readonly rows: number;
  readonly color: boolean;
  readonly now: Date;
  /** Seconds since this version of the Plan came. */
  readonly gone: number;
}

/** What is drawn of a Plan: by name what fits, else by signs, and of more than that the beginning. */
export function watchFrame(plan: Plan, view: FrameView): string[] {
  const { width, rows } = view;
  const { metadata, spec, status } = plan;
  const message = status?.message ?? "";
  const head = [
    ...hangingLines("", `Plan ${metadata.name} of ${metadata.namespace}/${spec.cloud}`, width),
    ...hangingLines("", standing(plan, view.gone), width),
    ...(message === "" ? [] : hangingLines("  ", message, width)),
    ...(awaitsEvidence(plan) ? hangingLines("  ", GATHERING, width) : []),
    progressBar(plan, width),
    "",
  ];
  const steps = graphOfStored(plan);
  const drawings = (["names", "signs"] as const).map((form) => [
    ...head,
    ...graphLines(steps, { ...view, steps: form }),
  ]);
  const fitting = drawings.find(({ length }) => length <= rows) ?? drawings[1] ?? [];
  return fitting.length <= rows ? fitting : [...fitting.slice(0, Math.max(0, rows - 1)), "…"];
}

const BAR = 40;

function progressBar({ status }: Plan, width: number): string {
  const { done = 0, of = 0 } = status?.progress ?? {};
  const length = Math.min(BAR, width);
  const full = of === 0 ? 0 : Math.floor((Math.min(done, of) / of) * length);
  return `${"█".repeat(full)}${"░".repeat(length - full)}`;
}

/** What differs from the version before: whether the phase or its message, and which steps. */
function changesSince(): (plan: Plan) => { readonly phase: boolean; readonly steps: readonly Step[] } {
  const known = new Map<string, string>();
  let told = "";
  return ({ status }) => {
    const steps = (status?.steps ?? []).filter(({ id, state }) => state !== "Waiting" && known.get(id) !== state);
    for (const { id, state } of steps) known.set(id, state);
    const phase = `${status?.phase ?? ""} ${status?.phase === "Running" ? "" : (status?.message ?? "")}`;
    const changed = phase !== told;
    told = phase;
    return { phase: changed, steps };
  };
}

function stepLine({ id, state, seconds, expectedSeconds, message }: Step): string {
  const took = seconds === undefined ? "" : ` (${duration(seconds)})`;
  switch (state) {
    case "Running":
      return `... ${id}${expectedSeconds === undefined ? "" : ` (about ${duration(expectedSeconds)})`}`;
    case "Done":
      return `ok  ${id}${took}`;
    case "Failed":
      return `ERR ${id}: ${singleLine(message ?? "it failed")}${took}`;
    case "Skipped":
      return `--  ${id} was not begun`;
    case "Waiting":
      return `    ${id}`;
  }
}

function messageOf({ status }: Plan): string {
  const message = singleLine(status?.message ?? "");
  return message === "" ? "" : `. ${message}`;
}
