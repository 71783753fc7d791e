// A plan for people and for programs, before it is carried out: short first, everything with detail.
import { stringify } from "yaml";
import type { Plan } from "../../plan/plan.ts";
import { summaryOf } from "../../plan/summary.ts";
import { graphOf } from "./graph.ts";
import { graphLines } from "./graph-text.ts";
import { detailSections, type Origin, type Section } from "./plan-detail.ts";
import { markdown } from "./plan-markdown.ts";
import { type Known, NOTHING_KNOWN, planRows, titleOf } from "./plan-summary.ts";
import type { Row } from "./plan-words.ts";
import { hangingLines } from "./width.ts";

export type PlanFormat = "text" | "json" | "yaml" | "markdown";

export interface PlanView extends Known {
  readonly format: PlanFormat;
  /** Also every object, line and step. */
  readonly detail: boolean;
  /** Also the graph of the steps. */
  readonly graph?: boolean;
  readonly color?: boolean;
  /** Characters in a line; commands and hashes alone are longer, for they are to be copied. */
  readonly width: number;
  /** The command that shows all of it, where --detail of this one does not. */
  readonly whole?: string | undefined;
  /** Where a changed line of options comes from. */
  readonly originOf?: Origin | undefined;
}

/** A plan that was made now and is not kept. */
export function renderPlan(plan: Plan, view: PlanView): string {
  // Programs get what people read first, too: the impact and the seconds stand nowhere else.
  const told = { ...plan, summary: summaryOf(plan, view.expected ?? NOTHING_KNOWN) };
  switch (view.format) {
    case "json":
      return JSON.stringify(told, null, 2);
    case "yaml":
      return stringify(told).trimEnd();
    case "markdown":
      return planMarkdown(plan, view);
    case "text":
      return planText(plan, view);
  }
}

function planText(plan: Plan, view: PlanView): string {
  const { namespace, name } = plan.cloud;
  if (plan.empty) return [`Cloud ${namespace}/${name}: nothing to do`, ...plan.notes].join("\n");
  const title = plan.approximate === undefined ? titleOf(undefined, plan.hash) : "approximate plan";
  const lines = [`Cloud ${namespace}/${name}, ${title}`, ""];
  lines.push(...rowLines(planRows(plan, view), view.width));
  for (const { title, lines: found } of sectionsOf(plan, view, view.width)) lines.push("", title, ...found);
  if (!view.detail) lines.push("", `Every object, line and step: ${view.whole ?? "--detail"}`);
  return lines.join("\n");
}

function sectionsOf(plan: Plan, view: PlanView, width: number): Section[] {
  const steps = view.detail || view.graph === true ? graphOf(plan, view.expected ?? NOTHING_KNOWN) : [];
  const lines = graphLines(steps, { width, color: view.color ?? false, steps: "names" });
  return [
    ...(steps.length === 0 ? [] : [{ title: "GRAPH", lines }]),
    ...(view.detail ? detailSections(plan, width, view.originOf) : []),
  ];
}

function planMarkdown(plan: Plan, view: PlanView): string {
  const { namespace, name } = plan.cloud;
  if (plan.empty) return [`### Plan of ${namespace}/${name}: nothing to do`, ...plan.notes].join("\n\n");
  return markdown({
    title: `${plan.approximate === undefined ? "Plan" : "Approximate plan"} of ${namespace}/${name}`,
    rows: planRows(plan, view),
    sections: sectionsOf(plan, { ...view, color: false }, FENCED),
    whole: "`--detail` without `-o markdown`, or `-o json`",
  });
}

/** Characters in a line of a block that scrolls sideways. */
export const FENCED = 160;

/** Rows with their heads in a column of their own; equal heads are told once. */
export function rowLines(rows: readonly Row[], width: number): string[] {
  const column = Math.max(0, ...rows.map(({ head }) => head.length)) + 3;
  return rows.flatMap(({ head, text, command }, index) => {
    const told = (rows[index - 1]?.head === head ? "" : head).padEnd(column);
    return command ? [`${told}${text}`] : hangingLines(told, text, width);
  });
}
