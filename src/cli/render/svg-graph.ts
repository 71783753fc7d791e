// The graph of steps as a picture that needs nothing besides itself: no script, no font, no other file.
import { Graph, layout } from "@dagrejs/dagre";
import { type Chain, directNeeds, type GraphStep, longestChain, type StepState } from "./graph.ts";
import { stateSign, STATES_IN_ORDER, stateWords, timeOf } from "./graph-text.ts";
import { counted, duration } from "./plan-words.ts";
import { element, escapeXml, rounded } from "./svg.ts";
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
const SIZE = { letter: 7.3, small: 6.1, node: 40, margin: 24, line: 18, rank: 44, apart: 10 };
/** Characters of a step's id that are drawn; the whole of it is in the step's title. */
const LONGEST_ID = 30;

/** An SVG with each step once, what it took and was expected to take, and the longest chain in bold. `steps` are in order. */
export function graphSvg(steps: readonly GraphStep[], { title, lines }: SvgHead): string {
  const chain = longestChain(steps);
  const drawn = laidOut(steps);
  const told = [
    singleLine(title),
    ...lines.map(singleLine),
    ...(chain.seconds === undefined ? [] : [`longest chain: ${duration(chain.seconds)}`]),
  ];
  const signs = legend(steps);
  const top = SIZE.margin + told.length * SIZE.line + 8;
  const widest = Math.max(drawn.width, ...[...told, signs].map((line) => lengthOf(line) * SIZE.letter));
  const [width, height] = [widest + 2 * SIZE.margin, top + drawn.height + SIZE.line * 2 + SIZE.margin];
  const written = [
    ...told.map((line, index) => ({ line, y: SIZE.margin + SIZE.line * (index + 0.6) })),
    { line: signs, y: height - SIZE.margin },
  ];
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width,
      height,
      viewBox: `0 0 ${Math.ceil(width)} ${Math.ceil(height)}`,
      role: "img",
      "aria-labelledby": "title desc",
      "font-family": "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace",
      "font-size": 12,
    },
    element("title", { id: "title" }, text(title)),
    element("desc", { id: "desc" }, text(description(steps, chain))),
    element("style", {}, darkStyle()),
    element("rect", { class: "page", x: 0.5, y: 0.5, width: width - 1, height: height - 1, rx: 6, ...COLORS.page[0] }),
    ...written.map(({ line, y }, index) =>
      element(
        "text",
        { class: "text", x: SIZE.margin, y, fill: TEXT[0], "font-weight": index === 0 ? "bold" : undefined },
        text(line),
      ),
    ),
    element(
      "g",
      { transform: `translate(${SIZE.margin} ${top})` },
      ...drawn.edges.map((edge) => edgeShape(edge, chain)),
      ...drawn.nodes.map((node) => nodeShape(node, chain)),
    ),
  ).concat("\n");
}

interface Point {
  readonly x: number;
  readonly y: number;
}

interface DrawnNode extends Point {
  readonly step: GraphStep;
  readonly width: number;
}

interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  readonly points: readonly Point[];
}

interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

function laidOut(steps: readonly GraphStep[]): Drawing {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: SIZE.apart, ranksep: SIZE.rank, edgesep: SIZE.apart });
  const width = Math.max(0, ...steps.map(({ id }) => Math.min(lengthOf(id), LONGEST_ID) + 6.5)) * SIZE.letter;
  for (const { id } of steps) graph.setNode(id, { width, height: SIZE.node });
  const needs = directNeeds(steps);
  const pairs = steps.flatMap(({ id }) => (needs.get(id) ?? []).map((from) => ({ from, to: id })));
  for (const { from, to } of pairs) graph.setEdge(from, to, {});
  if (steps.length > 0) layout(graph);
  const found = graph.graph() as { readonly width?: number; readonly height?: number };
  return {
    width: found.width ?? 0,
    height: found.height ?? 0,
    nodes: steps.map((step) => ({ step, width, ...(graph.node(step.id) as Point) })),
    edges: pairs.map(({ from, to }) => ({ from, to, points: wayPoints(graph, from, to) })),
  };
}

/** From the right of a step to the left of another, level where it passes columns of steps: it bends only between them. */
function wayPoints(graph: Graph, from: string, to: string): Point[] {
  const { points } = graph.edge(from, to) as { readonly points: readonly Point[] };
  const [start, end] = [graph.node(from) as DrawnNode, graph.node(to) as DrawnNode];
  const half = start.width / 2;
  const columns = new Set(graph.nodes().map((id: string) => (graph.node(id) as Point).x));
  const passed = points.slice(1, -1).filter(({ x }) => columns.has(x));
  return [
    { x: start.x + half, y: start.y },
    ...passed.flatMap(({ x, y }) => [
      { x: x - half, y },
      { x: x + half, y },
    ]),
    { x: end.x - half, y: end.y },
  ];
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
function secondsWords(step: GraphStep): string {
  const { seconds, expectedSeconds: expected } = step;
  if (seconds !== undefined && expected !== undefined) return `${duration(seconds)}, expected ${duration(expected)}`;
  return timeOf(step) ?? stateWords(step.state);
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
  const states = STATES_IN_ORDER.filter((state) => steps.some((step) => step.state === state));
  return [...states.map((state) => `${stateSign(state)} ${stateWords(state)}`), "* longest chain"].join(", ");
}

function description(steps: readonly GraphStep[], { ids }: Chain): string {
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
