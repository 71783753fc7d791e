// The graph of steps in a terminal: a lane a workload, signs that need no colour, the longest chain marked.
import { type GraphStep, type Lane, lanesOf, type LaneStep, longestChain, type StepState } from "./graph.ts";
import { duration } from "./plan-words.ts";
import { cutTo, hangingLines, lengthOf } from "./width.ts";

export interface GraphView {
  /** Characters in a line. */
  readonly width: number;
  readonly color: boolean;
  /** For the seconds of steps that run. */
  readonly now?: Date;
  /** `names`: every step by name. `signs`: a sign a step, and the names of those that run or failed. */
  readonly steps: "names" | "signs";
}

interface State {
  readonly sign: string;
  readonly words: string;
  /** Of an escape sequence that chooses a colour. */
  readonly code: number;
}

const STATES: Readonly<Record<StepState, State>> = {
  Waiting: { sign: "○", words: "waits", code: 2 },
  Running: { sign: "◐", words: "runs", code: 33 },
  Done: { sign: "●", words: "done", code: 32 },
  Failed: { sign: "✗", words: "failed", code: 31 },
  Skipped: { sign: "–", words: "not begun", code: 2 },
};

export const STATES_IN_ORDER = Object.keys(STATES) as readonly StepState[];

export function stateSign(state: StepState): string {
  return STATES[state].sign;
}

export function stateWords(state: StepState): string {
  return STATES[state].words;
}

/** `text` in the colour of a state. */
export function paint(text: string, state: StepState, color: boolean): string {
  return color ? `\u001b[${STATES[state].code}m${text}\u001b[0m` : text;
}

/** Text that stands together: what it takes of a line, and how it is written. */
interface Piece {
  readonly plain: string;
  readonly written: string;
}

export const NO_STEPS = "There are no steps.";

/** Every step once, and what the signs mean. `steps` are in order. */
export function graphLines(steps: readonly GraphStep[], view: GraphView): string[] {
  if (steps.length === 0) return [NO_STEPS];
  const chain = longestChain(steps);
  const lanes = lanesOf(steps);
  const label = Math.min(Math.max(...lanes.map(({ workload }) => lengthOf(workload))), Math.floor(view.width / 3));
  const lines = lanes.flatMap((lane) => {
    const head = `${cutTo(lane.workload, label).padEnd(label)}  `;
    const rows =
      view.steps === "names"
        ? lane.rows.map((row) => namedPieces(row, chain.ids, view))
        : [signPieces(lane, chain.ids, view)];
    return rows.flatMap((pieces, index) => laidOut(pieces, index === 0 ? head : `${" ".repeat(label)}  `, view.width));
  });
  return [...lines, "", ...legend(steps, chain.seconds, view)];
}

/** `● base ━ ● ready 31 s ━ ◐ accounts* 2 of about 4 s ←gateway/ca`. */
function namedPieces(row: readonly LaneStep[], chain: ReadonlySet<string>, view: GraphView): Piece[] {
  return row.flatMap((step, index) => {
    const marked = chain.has(step.id);
    const heavy = marked && chain.has(row[index - 1]?.id ?? "");
    const join = step.joined ? [plainPiece(heavy ? "━" : "─")] : [];
    return [...join, stepPiece(step, marked, view)];
  });
}

function stepPiece(step: LaneStep, marked: boolean, view: GraphView): Piece {
  const head = `${stateSign(step.state)} ${step.name}${marked ? "*" : ""}`;
  const time = timeOf(step, view.now);
  const tail = [
    ...(time === undefined ? [] : [time]),
    ...(step.waitsFor.length === 0 ? [] : [`←${step.waitsFor.join(",")}`]),
  ];
  const rest = tail.length === 0 ? "" : ` ${tail.join(" ")}`;
  return { plain: `${head}${rest}`, written: `${paint(head, step.state, view.color)}${rest}` };
}

/** `●●◐○  keystone: 2 of 4; runs: api 3 of about 12 s`. */
function signPieces(lane: Lane, chain: ReadonlySet<string>, view: GraphView): Piece[] {
  const steps = lane.rows.flat();
  const done = steps.filter(({ state }) => state === "Done").length;
  const signs = steps.map(({ state }) => stateSign(state)).join("");
  const colored = steps.map(({ state }) => paint(stateSign(state), state, view.color)).join("");
  const told = steps.filter(({ state }) => state === "Running" || state === "Failed");
  return [
    { plain: signs, written: colored },
    plainPiece(`${done}/${steps.length}`),
    ...told.map((step) => stepPiece({ ...step, waitsFor: [] }, chain.has(step.id), view)),
  ];
}

/** What a step took, or has taken of what is expected, or is expected to take. */
export function timeOf({ state, seconds, expectedSeconds, startedAt }: GraphStep, now?: Date): string | undefined {
  if (seconds !== undefined) return duration(seconds);
  const about = expectedSeconds === undefined ? undefined : `~${duration(expectedSeconds)}`;
  if (state !== "Running" || startedAt === undefined || now === undefined)
    return state === "Skipped" ? undefined : about;
  const gone = Math.max(0, Math.floor((now.getTime() - Date.parse(startedAt)) / 1000));
  return about === undefined ? duration(gone) : `${duration(gone)} of ${about}`;
}

function plainPiece(text: string): Piece {
  return { plain: text, written: text };
}

/** Pieces after a head, in as many lines as they need; a piece that is longer than a line is cut. */
function laidOut(pieces: readonly Piece[], head: string, width: number): string[] {
  const room = width - lengthOf(head);
  const lines: string[] = [];
  let line = head;
  let used = 0;
  for (const piece of pieces) {
    const whole = lengthOf(piece.plain) <= room ? piece : plainPiece(cutTo(piece.plain, room));
    const length = lengthOf(whole.plain);
    if (used > 0 && used + 1 + length > room) {
      lines.push(line);
      line = " ".repeat(lengthOf(head));
      used = 0;
    }
    line += `${used > 0 ? " " : ""}${whole.written}`;
    used += (used > 0 ? 1 : 0) + length;
  }
  return [...lines, line];
}

function legend(steps: readonly GraphStep[], seconds: number | undefined, view: GraphView): string[] {
  const states = STATES_IN_ORDER.filter((state) => steps.some((step) => step.state === state));
  const known = seconds === undefined ? "" : ` (${duration(seconds)})`;
  const words = [
    ...states.map((state) => `${stateSign(state)} ${stateWords(state)}`),
    `* longest chain${known}`,
    ...(view.steps === "names" ? ["← waits for"] : []),
    ...(steps.some(({ expectedSeconds }) => expectedSeconds !== undefined) ? ["~ expected"] : []),
  ];
  return hangingLines("", words.join(", "), view.width);
}
