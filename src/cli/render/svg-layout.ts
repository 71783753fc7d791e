// Where the steps of a graph and the lines between them are drawn.
import { Graph, layout } from "@dagrejs/dagre";
import { directNeeds, type GraphStep } from "./graph.ts";

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface DrawnNode extends Point {
  readonly step: GraphStep;
  readonly width: number;
}

export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  readonly points: readonly Point[];
}

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

export interface Sizes {
  /** Pixels of each step. */
  readonly width: number;
  readonly height: number;
  /** Pixels between two columns, and between two steps of one. */
  readonly columns: number;
  readonly rows: number;
}

/** From left to right, each step in a column after those that it waits for; few lines cross. `steps` are in order. */
export function laidOut(steps: readonly GraphStep[], { width, height, columns, rows }: Sizes): Drawing {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: rows, ranksep: columns, edgesep: rows });
  for (const { id } of steps) graph.setNode(id, { width, height });
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
