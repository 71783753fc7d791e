// Everything that a plan says: objects field by field, lines of options, steps.
import type { ObjectChange } from "../../plan/changes.ts";
import type { LineChange } from "../../plan/configuration.ts";
import type { FieldChange } from "../../plan/fields.ts";
import { originWords } from "../../plan/line-origin.ts";
import type { Plan, PlanStep } from "../../plan/plan.ts";
import { nameOf } from "./plan-words.ts";
import { tableWithin } from "./table.ts";
import { cutTo, hangingLines, singleLine } from "./width.ts";

/** Lines under a title. */
export interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

/** Where a changed line comes from, in words: `cloud.yaml:12 spec.services.nova.options.DEFAULT.debug`. */
export type Origin = (line: LineChange) => string | undefined;

/** Where a line comes from when the Cloud is that of a file: what the user says stands with its line there. */
export function originIn(file: string, lineOf: (path: readonly string[]) => number): Origin {
  return (line) => {
    const after = line.from?.after;
    const words = originWords(line);
    return after?.from === "user" ? `${file}:${lineOf(after.path)} ${words ?? ""}`.trimEnd() : words;
  };
}

/** The sections that have something to say, in lines of at most `width` characters. */
export function detailSections(plan: Plan, width: number, originOf: Origin = originWords): Section[] {
  const told = toldOf(plan);
  const sections = [
    { title: "OPTIONS", lines: optionLines(plan.configuration, width, originOf) },
    { title: "OBJECTS", lines: plan.objects.flatMap((change) => objectLines(change, told, width)) },
    {
      title: "STEPS",
      lines: tableWithin(width, ["STEP", "DOES", "AFTER"], plan.steps.map(stepRow)).slice(
        plan.steps.length === 0 ? 1 : 0,
      ),
    },
    { title: "MADE WHEN IT IS CARRIED OUT", lines: plan.provisional.flatMap((key) => hangingLines("  ", key, width)) },
  ];
  return sections.filter(({ lines }) => lines.length > 0);
}

const SIGNS = { created: "+", changed: "~", deleted: "-" } as const;

function objectLines(
  { type, key, replaces, fields }: ObjectChange,
  told: ReadonlySet<string>,
  width: number,
): string[] {
  const instead = replaces === undefined ? "" : ` for ${nameOf(replaces)}`;
  return [
    ...hangingLines(`${SIGNS[type]} `, `${key}${instead}`, width),
    ...fields.filter(({ path }) => !told.has(`${key} ${path}`)).flatMap((field) => fieldLines(field, width)),
  ];
}

/** The fields that hold a file of options: its lines are told as such. */
function toldOf({ configuration }: Plan): ReadonlySet<string> {
  return new Set(configuration.map(({ object, file }) => `${object} data[${JSON.stringify(file)}]`));
}

function fieldLines({ path, before, after }: FieldChange, width: number): string[] {
  if (!isText(before) || !isText(after))
    return hangingLines("    ", `${path}: ${value(before)} → ${value(after)}`, width);
  const [was, is] = [before.split("\n"), after.split("\n")];
  const gone = was.filter((line) => !is.includes(line)).flatMap((line) => hangingLines("      - ", line, width));
  const added = is.filter((line) => !was.includes(line)).flatMap((line) => hangingLines("      + ", line, width));
  return [...hangingLines("    ", `${path}:`, width), ...gone, ...added];
}

function isText(found: unknown): found is string {
  return typeof found === "string" && found.includes("\n");
}

/** Characters of a value that is told. */
const SHOWN = 100;

function value(found: unknown): string {
  return found === undefined ? "(none)" : cutTo(JSON.stringify(found), SHOWN);
}

function optionLines(lines: readonly LineChange[], width: number, originOf: Origin): string[] {
  const files = Map.groupBy(lines, ({ object, file }) => `${object} ${file}`);
  return [...files].flatMap(([title, found]) => [
    ...hangingLines("", title, width),
    ...found.flatMap((line) => {
      const origin = originOf(line);
      const change = `${line.group}.${line.option}: ${texts(line.before)} → ${texts(line.after)}`;
      return [
        ...hangingLines("    ", change, width),
        ...(origin === undefined ? [] : hangingLines("      from ", origin, width)),
      ];
    }),
  ]);
}

function texts(found: readonly string[]): string {
  return found.length === 0 ? "(none)" : found.map(singleLine).join(" | ");
}

function stepRow({ id, does, after }: PlanStep): readonly string[] {
  const [first = ""] = does;
  const more = does.length > 1 ? ` and ${does.length - 1} more` : "";
  return [id, `${first}${more}`, after.join(", ")];
}
