// The graph of steps as a picture that needs nothing besides itself: no script, no font, no other file.
import { type Chain, type GraphStep, longestChain, type StepState } from "./graph.ts";
import { NO_STEPS, stateSign, STATES_IN_ORDER, stateWords } from "./graph-text.ts";
import { counted, duration } from "./plan-words.ts";
import { type Attributes, element, escapeXml, rounded } from "./svg.ts";
import { type DrawnEdge, type DrawnNode, laidOut, type Point } from "./svg-layout.ts";
import { cutTo, lengthOf, singleLine } from "./width.ts";

export interface SvgHead {
  /** What the picture shows, in a line. */
  readonly title: string;
  /** What is to be known of it, each in a line. */
  readonly lines: readonly string[];
}

interface Colors {
  readonly fill: string;
  readonly stroke: string;
}

/** Light and dark of each state, and of the page. The picture has a ground of its own: the page around it may be either. */
const COLORS: Readonly<Record<StepState | "page" | "edge", readonly [light: Colors, dark: Colors]>> = {
  page: [
    { fill: "#ffffff", stroke: "#d0d7de" },
    { fill: "#0d1117", stroke: "#30363d" },
  ],
  edge: [
    { fill: "#59636e", stroke: "#59636e" },
    { fill: "#9198a1", stroke: "#9198a1" },
  ],
  Waiting: [
    { fill: "#f6f8fa", stroke: "#818b98" },
    { fill: "#161b22", stroke: "#8b949e" },
  ],
  Running: [
    { fill: "#fff8c5", stroke: "#9a6700" },
    { fill: "#302600", stroke: "#d29922" },
  ],
  Done: [
    { fill: "#dafbe1", stroke: "#1a7f37" },
    { fill: "#0f2a1a", stroke: "#3fb950" },
  ],
  Failed: [
    { fill: "#ffebe9", stroke: "#cf222e" },
    { fill: "#3a1214", stroke: "#f85149" },
  ],
  Skipped: [
    { fill: "#f6f8fa", stroke: "#818b98" },
    { fill: "#161b22", stroke: "#8b949e" },
  ],
};
const TEXT = ["#1f2328", "#f0f6fc"] as const;

/** Pixels. A letter of the fonts that are named is 0.6 of their size wide. */
const SIZE = { letter: 7.3, small: 6.1, node: 40, margin: 24, line: 18, column: 44, apart: 10 };
/** Characters of a step's id that are drawn; the whole of it is in the step's title. */
const LONGEST_ID = 30;

/** An SVG with each step once, what it took and was expected to take, and the longest chain in bold. `steps` are in order. */
export function graphSvg(steps: readonly GraphStep[], { title, lines }: SvgHead): string {
  const chain = longestChain(steps);
  const drawn = laidOut(steps, { width: stepWidth(steps), height: SIZE.node, columns: SIZE.column, rows: SIZE.apart });
  const known = chain.seconds === undefined ? [] : [`longest chain: ${duration(chain.seconds)}`];
  const told = [title, ...lines, ...known].map(singleLine);
  const below = legend(steps);
  const top = SIZE.margin + told.length * SIZE.line + 8;
  const widest = Math.max(drawn.width, ...[...told, below].map((line) => lengthOf(line) * SIZE.letter));
  const size = { width: widest + 2 * SIZE.margin, height: top + drawn.height + SIZE.line * 2 + SIZE.margin };
  const head = told.map((line, index) => headLine(line, SIZE.margin + SIZE.line * (index + 0.6), index === 0));
  const graph = [
    ...drawn.edges.map((edge) => edgeShape(edge, chain)),
    ...drawn.nodes.map((node) => nodeShape(node, chain)),
  ];
  return `${element(
    "svg",
    pictureAttributes(size),
    element("title", { id: "title" }, text(title)),
    element("desc", { id: "desc" }, text(description(steps, chain))),
    element("style", {}, darkStyle()),
    ground(size),
    ...head,
    headLine(below, size.height - SIZE.margin, false),
    // A line each, so that two pictures can be compared.
    `\n${element("g", { transform: `translate(${SIZE.margin} ${top})` }, ...graph.map((shape) => `\n${shape}`))}\n`,
  )}\n`;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

function pictureAttributes({ width, height }: Size): Attributes {
  return {
    xmlns: "http://www.w3.org/2000/svg",
    width,
    height,
    viewBox: `0 0 ${rounded(width)} ${rounded(height)}`,
    role: "img",
    "aria-labelledby": "title desc",
    "font-family": "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
    "font-size": 12,
  };
}

function ground({ width, height }: Size): string {
  const place = { x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 6 };
  return element("rect", { class: "page", ...place, ...COLORS.page[0] });
}

function headLine(line: string, y: number, bold: boolean): string {
  const weight = bold ? "bold" : undefined;
  return element("text", { class: "text", x: SIZE.margin, y, fill: TEXT[0], "font-weight": weight }, text(line));
}

/** Pixels that the widest step needs: its sign, id and mark, or what it took. */
function stepWidth(steps: readonly GraphStep[]): number {
  const widths = steps.map((step) =>
    Math.max(
      (Math.min(lengthOf(step.id), LONGEST_ID) + 6.5) * SIZE.letter,
      lengthOf(secondsWords(step)) * SIZE.small + 4.5 * SIZE.letter,
    ),
  );
  return Math.max(0, ...widths);
}

function nodeShape({ step, width, x, y }: DrawnNode, { ids }: Chain): string {
  const marked = ids.has(step.id);
  const [left, top] = [x - width / 2, y - SIZE.node / 2];
  const name = `${stateSign(step.state)} ${cutTo(singleLine(step.id), LONGEST_ID)}${marked ? " *" : ""}`;
  const shape = {
    class: step.state.toLowerCase(),
    x: left,
    y: top,
    width,
    height: SIZE.node,
    rx: 5,
    ...COLORS[step.state][0],
    "stroke-width": marked ? 3 : 1,
    "stroke-dasharray": step.state === "Skipped" ? "4 3" : undefined,
  };
  return element(
    "g",
    { "data-step": singleLine(step.id) },
    element("title", {}, text(stepWords(step, marked))),
    element("rect", shape),
    element("text", { class: "text", x: left + 8, y: y - 4, fill: TEXT[0] }, text(name)),
    element(
      "text",
      { class: "text", x: left + 8 + 2 * SIZE.letter, y: y + 12, fill: TEXT[0], "font-size": 10 },
      text(secondsWords(step)),
    ),
  );
}

/** `9 s, expected 8 s`. */
function secondsWords({ state, seconds, expectedSeconds }: GraphStep): string {
  const expected =
    expectedSeconds === undefined || state === "Skipped" ? [] : [`expected ${duration(expectedSeconds)}`];
  const words = [...(seconds === undefined ? [] : [duration(seconds)]), ...expected];
  return words.length === 0 ? stateWords(state) : words.join(", ");
}

function stepWords(step: GraphStep, marked: boolean): string {
  const needs = step.after.length === 0 ? "" : `; after ${step.after.join(", ")}`;
  return `${step.id}: ${stateWords(step.state)}, ${secondsWords(step)}${marked ? "; on the longest chain" : ""}${needs}`;
}

function edgeShape({ from, to, points }: DrawnEdge, { ids }: Chain): string {
  const last = points.at(-1);
  if (last === undefined) return "";
  const width = ids.has(from) && ids.has(to) ? 3 : 1;
  const { stroke, fill } = COLORS.edge[0];
  const tip = `${at(last)} ${at({ x: last.x - TIP, y: last.y - TIP / 2 })} ${at({ x: last.x - TIP, y: last.y + TIP / 2 })}`;
  const end = { x: last.x - TIP, y: last.y };
  const d = curve([...points.slice(0, -1), end]);
  return [
    element("path", { class: "edge", d, fill: "none", stroke, "stroke-width": width }),
    // A marker would need an id, which is another's where two pictures stand in one page.
    element("polygon", { class: "tip", points: tip, fill }),
  ].join("");
}

const TIP = 7;

/** From point to point, level at each. */
function curve([first = { x: 0, y: 0 }, ...rest]: readonly Point[]): string {
  let from = first;
  const parts = rest.map((to) => {
    const middle = (from.x + to.x) / 2;
    const part =
      from.y === to.y ? `L ${at(to)}` : `C ${at({ x: middle, y: from.y })} ${at({ x: middle, y: to.y })} ${at(to)}`;
    from = to;
    return part;
  });
  return [`M ${at(first)}`, ...parts].join(" ");
}

function at({ x, y }: Point): string {
  return `${rounded(x)},${rounded(y)}`;
}

function legend(steps: readonly GraphStep[]): string {
  if (steps.length === 0) return NO_STEPS;
  const states = STATES_IN_ORDER.filter((state) => steps.some((step) => step.state === state));
  return [...states.map((state) => `${stateSign(state)} ${stateWords(state)}`), "* longest chain"].join(", ");
}

function description(steps: readonly GraphStep[], { ids }: Chain): string {
  if (steps.length === 0) return NO_STEPS;
  const states = Map.groupBy(steps, ({ state }) => state);
  const counts = [...states].map(([state, found]) => `${found.length} ${stateWords(state)}`).join(", ");
  const chain = steps.filter(({ id }) => ids.has(id)).map(({ id }) => id);
  return `${counted(steps.length, "step")}: ${counts}. The longest chain: ${chain.join(", ")}.`;
}

/** Light is in the attributes, so that a page that takes the style away leaves a picture. */
function darkStyle(): string {
  const states = (Object.keys(COLORS) as (keyof typeof COLORS)[]).filter((name) => name !== "edge");
  const rules = states.map(
    (name) => `.${name.toLowerCase()}{fill:${COLORS[name][1].fill};stroke:${COLORS[name][1].stroke}}`,
  );
  const edge = COLORS.edge[1];
  return `@media (prefers-color-scheme: dark){${rules.join("")}.edge{stroke:${edge.stroke}}.tip{fill:${edge.fill}}.text{fill:${TEXT[1]}}}`;
}

function text(content: string): string {
  return escapeXml(singleLine(content));
}
