// What differs between two plans, for people.
import type { Plan } from "../../api/plan.ts";
import type { ObjectChange } from "../../plan/changes.ts";
import type { Difference, PlanDifference } from "../../plan/difference.ts";
import type { FieldChange } from "../../plan/fields.ts";
import type { PlanStep } from "../../plan/plan.ts";
import { countWords, duration, impactWords, podRows } from "./plan-words.ts";
import { tableWithin } from "./table.ts";
import { cutTo, hangingLines } from "./width.ts";

/** Objects and steps that are told by name. */
const MOST = 40;
/** Characters of a value. */
const VALUE = 200;

export interface Compared {
  readonly first: Plan;
  readonly second: Plan;
  readonly difference: PlanDifference;
}

export function differenceLines({ first, second, difference }: Compared, width: number): string[] {
  const { spec, from, objects, steps, same } = difference;
  return [
    ...summaryTable(first, second, width),
    ...section("THE CLOUD THAT THEY LEAD TO", fieldLines(spec, width), "It is the same."),
    ...(from.length === 0 ? [] : section("THE CLOUD THAT THEY LEAD FROM", fieldLines(from, width), "")),
    ...section(
      "OBJECTS",
      objects.map((one) => objectLine(one, [first.metadata.name, second.metadata.name])),
      "They are the same.",
    ),
    ...section(
      "STEPS",
      steps.map((one) => stepLine(one, [first.metadata.name, second.metadata.name])),
      "They are the same.",
    ),
    "",
    `${same.objects} objects and ${same.steps} steps are the same in both.`,
  ];
}

function section(title: string, lines: readonly string[], none: string): string[] {
  const more = lines.length > MOST ? [`  and ${lines.length - MOST} more: -o json has all`] : [];
  return ["", title, ...(lines.length === 0 ? [`  ${none}`] : lines.slice(0, MOST)), ...more];
}

function summaryTable(first: Plan, second: Plan, width: number): string[] {
  const rows = [first, second].map(summaryCells);
  const heads = ["change", "phase", "objects", "impact", "time", "pods", "way back"];
  const lines = heads.flatMap((head, index) => {
    const [one = "", other = ""] = rows.map((cells) => cells[index] ?? "");
    return [[head, one, one === other ? "the same" : other]];
  });
  return tableWithin(width, ["", first.metadata.name, second.metadata.name], lines);
}

function summaryCells({ status }: Plan): string[] {
  const { summary, phase = "" } = status ?? {};
  if (summary === undefined) return ["", phase];
  const { expectedSeconds, workloads, takenBack } = summary;
  return [
    summary.text,
    phase,
    countWords(summary),
    impactWords(summary.impact),
    expectedSeconds === undefined ? "not known" : `about ${duration(expectedSeconds)}`,
    podRows(workloads)
      .map(({ text }) => text)
      .join("; "),
    takenBack,
  ];
}

/** `services.glance.replicas: 1 → 2`. */
export function fieldLines(changes: readonly FieldChange[], width: number): string[] {
  return changes.flatMap(({ path, before, after }) =>
    hangingLines("  ", `${path}: ${value(before)} → ${value(after)}`, width),
  );
}

function value(found: unknown): string {
  return found === undefined ? "(none)" : cutTo(JSON.stringify(found), VALUE);
}

type Names = readonly [first: string, second: string];

function objectLine({ name, first, second }: Difference<ObjectChange>, names: Names): string {
  if (first === undefined || second === undefined)
    return `  ${alone(name, first?.type ?? second?.type ?? "", first === undefined ? names[1] : names[0])}`;
  if (first.type !== second.type) return `  ${name}: ${first.type} in ${names[0]}, ${second.type} in ${names[1]}`;
  const paths = (change: ObjectChange): string[] => change.fields.map((field) => field.path);
  const differing = [...new Set([...paths(first), ...paths(second)])].filter((path) => {
    const [one, other] = [first, second].map(({ fields }) => fields.find((field) => field.path === path));
    return JSON.stringify(one) !== JSON.stringify(other);
  });
  const told = differing.slice(0, 3).join(", ");
  const more = differing.length > 3 ? ` and ${differing.length - 3} more` : "";
  return `  ${name}: other values${told === "" ? "" : ` at ${told}${more}`}`;
}

function stepLine({ name, first, second }: Difference<PlanStep>, names: Names): string {
  if (first === undefined || second === undefined)
    return `  ${alone(name, "runs", first === undefined ? names[1] : names[0])}`;
  return `  ${name}: other objects or another order`;
}

function alone(name: string, what: string, plan: string): string {
  return `${name}: ${what} in ${plan} alone`;
}
