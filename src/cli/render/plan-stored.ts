// A Plan that is kept in the cluster, for people and for programs: where it stands, what it does, what it did.
import { stringify } from "yaml";
import type { Plan as StoredPlan, PlanPhase, PlanStatus } from "../../api/plan.ts";
import type { Plan } from "../../plan/plan.ts";
import { graphOfStored } from "./graph.ts";
import { graphLines, stateSign, stateWords } from "./graph-text.ts";
import { detailSections, type Origin, type Section } from "./plan-detail.ts";
import { evidenceNotes, evidenceTable, evidenceWords } from "./plan-evidence.ts";
import { markdown } from "./plan-markdown.ts";
import { FENCED, type PlanFormat, rowLines } from "./plan.ts";
import { storedRows, titleOf } from "./plan-summary.ts";
import { awaitsEvidence, duration, GATHERING, isGathered, type Row } from "./plan-words.ts";
import { tableWithin } from "./table.ts";
import { hangingLines } from "./width.ts";

export interface StoredView {
  readonly format: PlanFormat;
  /** Also every step with its seconds, and with `content` every object and line. */
  readonly detail: boolean;
  /** Also each step by name, and what it waits for. */
  readonly graph: boolean;
  /** Characters in a line; commands and hashes alone are longer, for they are to be copied. */
  readonly width: number;
  readonly color: boolean;
  readonly now: Date;
  /** The whole of the plan, where it was asked for and could be read. */
  readonly content?: Plan | undefined;
  readonly originOf?: Origin | undefined;
}

/** A Plan as it stands. */
export function renderStored(plan: StoredPlan, view: StoredView): string {
  const whole = view.content === undefined ? plan : { ...plan, content: view.content };
  switch (view.format) {
    case "json":
      return JSON.stringify(whole, null, 2);
    case "yaml":
      return stringify(whole).trimEnd();
    case "markdown":
      return storedMarkdown(plan, view);
    case "text":
      return storedText(plan, view);
  }
}

function storedText(plan: StoredPlan, view: StoredView): string {
  const { name } = plan.metadata;
  const { status } = plan;
  const message = status?.message ?? "";
  const lines = [
    ...hangingLines("", `Cloud ${cloudOf(plan)}, ${titleOf(name, status?.hash)}`, view.width),
    ...hangingLines("", standing(plan), view.width),
    ...(message === "" ? [] : hangingLines("  ", message, view.width)),
    "",
    ...rowLines(storedRows(plan, nextCommand(plan)), view.width),
  ];
  for (const { title, lines: found } of sectionsOf(plan, view, view.width)) lines.push("", title, ...found);
  if (!view.detail) lines.push("", `Every object, line and step: underpin plan ${name} --detail`);
  return lines.join("\n");
}

function storedMarkdown(plan: StoredPlan, view: StoredView): string {
  const { name } = plan.metadata;
  const { status } = plan;
  const message = status?.message ?? "";
  const rows: Row[] = [
    { head: "phase", text: standing(plan) },
    ...(message === "" ? [] : [{ head: "message", text: message }]),
    ...storedRows(plan, nextCommand(plan)),
    ...(status?.evidence === undefined
      ? []
      : (isGathered(status.evidence) ? evidenceWords(status.evidence) : [GATHERING]).map((text): Row => ({
          head: "evidence",
          text,
        }))),
  ];
  return markdown({
    title: `Plan ${name} of ${cloudOf(plan)}`,
    rows,
    sections: sectionsOf(plan, { ...view, color: false, graph: true }, FENCED),
    whole: `\`underpin plan ${name} --detail\``,
  });
}

/** `Running: 4 of 10 steps done, about 25 s left`, when `gone` seconds have passed since that was written. */
export function standing({ status }: StoredPlan, gone = 0): string {
  const { phase = "not looked at yet", progress } = status ?? {};
  if (progress === undefined || progress.of === 0) return phase;
  const { remainingSeconds: left } = progress;
  const rest = left === undefined || phase !== "Running" ? "" : `, ${leftWords(left - gone)}`;
  return `${phase}: ${progress.done} of ${progress.of} steps done${rest}`;
}

function leftWords(seconds: number): string {
  return seconds < 1 ? "nearly at its end" : `about ${duration(Math.round(seconds))} left`;
}

function cloudOf({ metadata, spec }: StoredPlan): string {
  return `${metadata.namespace}/${spec.cloud}`;
}

/** What a reader does next: the command that a failed step names, or the one for the phase. */
export function nextCommand(plan: StoredPlan): string | undefined {
  const { name } = plan.metadata;
  const failed = plan.status?.steps?.find(({ state, next }) => state === "Failed" && next !== undefined);
  if (failed?.next !== undefined) return failed.next;
  const commands: Partial<Record<PlanPhase, string>> = {
    Pending: `underpin approve ${name}`,
    Approved: `underpin watch ${name}`,
    Running: `underpin watch ${name}`,
    Paused: `underpin resume ${name}`,
    Failed: "underpin status",
    Superseded: "underpin plan",
  };
  return plan.status?.phase === undefined ? undefined : commands[plan.status.phase];
}

/** How a Plan ended: its phase, what failed, what users noticed, and what next. */
export function endLines(plan: StoredPlan, width: number): string[] {
  const { status, metadata } = plan;
  const next = nextCommand(plan);
  const evidence = evidenceLines(status, false, width);
  const missing = awaitsEvidence(plan)
    ? ["", `What users noticed is still gathered: underpin plan ${metadata.name}`]
    : [];
  return [
    "",
    ...hangingLines("", `Plan ${metadata.name} ${standing(plan)}`, width),
    ...(status?.message === undefined ? [] : hangingLines("  ", status.message, width)),
    ...failedLines(status, width),
    ...(evidence.length === 0 ? missing : ["", ...evidence]),
    ...(next === undefined ? [] : [`  next: ${next}`]),
  ];
}

/** Steps that are few enough to be told by name without being asked for. */
const FEW = 12;

function sectionsOf(plan: StoredPlan, view: StoredView, width: number): Section[] {
  const { status } = plan;
  const steps = graphOfStored(plan);
  const names = view.graph || steps.length <= FEW ? "names" : "signs";
  const graph = steps.length === 0 ? [] : graphLines(steps, { width, color: view.color, now: view.now, steps: names });
  const sections = [
    { title: "FAILED", lines: failedLines(status, width) },
    { title: "GRAPH", lines: graph },
    { title: "EVIDENCE", lines: evidenceLines(status, view.detail, width) },
    { title: "STEPS", lines: view.detail ? stepTable(status, width) : [] },
    ...(view.content === undefined
      ? []
      : detailSections(view.content, width, view.originOf).filter(({ title }) => title !== "STEPS")),
  ];
  return sections.filter(({ lines }) => lines.length > 0);
}

function failedLines(status: PlanStatus | undefined, width: number): string[] {
  const failed = (status?.steps ?? []).filter(({ state }) => state === "Failed");
  return failed.flatMap(({ id, message = "it failed", log, next }) => [
    ...hangingLines("  ", `${id}: ${message}`, width),
    ...(log === undefined ? [] : hangingLines("    log: ", log, width)),
    ...(next === undefined ? [] : [`    next: ${next}`]),
  ]);
}

function evidenceLines(status: PlanStatus | undefined, all: boolean, width: number): string[] {
  const { evidence, summary } = status ?? {};
  if (evidence === undefined) return [];
  const expected = summary?.expectedSeconds === undefined ? "" : `; expected were ${duration(summary.expectedSeconds)}`;
  const took = evidence.seconds === undefined ? [] : [`It took ${duration(evidence.seconds)}${expected}.`];
  if (!isGathered(evidence)) return [...took, GATHERING].flatMap((line) => hangingLines("", line, width));
  const table = evidenceTable(evidence, width);
  return [
    ...[...took, ...evidenceWords(evidence)].flatMap((line) => hangingLines("", line, width)),
    ...(table.length === 0 ? [] : ["", ...table]),
    "",
    ...evidenceNotes(evidence, all, width),
  ];
}

function stepTable(status: PlanStatus | undefined, width: number): string[] {
  const steps = status?.steps ?? [];
  if (steps.length === 0) return [];
  const sides = steps.some(({ side }) => side !== undefined);
  const heads = ["STEP", "STATE", "TOOK", "EXPECTED", ...(sides ? ["SIDE"] : []), "SAYS"];
  const rows = steps.map(({ id, state, seconds, expectedSeconds, side, message }) => [
    id,
    `${stateSign(state)} ${stateWords(state)}`,
    seconds === undefined ? "" : duration(seconds),
    expectedSeconds === undefined ? "" : duration(expectedSeconds),
    ...(sides ? [(side ?? "").toLowerCase()] : []),
    state === "Failed" ? "" : (message ?? ""),
  ]);
  return tableWithin(width, heads, rows);
}
