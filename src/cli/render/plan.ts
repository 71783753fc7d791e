// A plan for people: short first, everything with detail; as text, or as Markdown for a merge request.
import type { ObjectChange } from "../../plan/changes.ts";
import type { LineChange } from "../../plan/configuration.ts";
import type { FieldChange } from "../../plan/fields.ts";
import type { Effect } from "../../plan/impact.ts";
import type { Plan, PlanStep } from "../../plan/plan.ts";
import { table } from "./table.ts";

/** In order of what a reader must know first. */
const EFFECTS: readonly (readonly [Effect, string])[] = [
  ["stops", "stop"],
  ["recreates", "restart, the old ones gone before new ones come"],
  ["rolls", "roll, new ones ready before old ones go"],
  ["waits", "change when somebody deletes them"],
  ["scales", "become more or fewer"],
  ["reloads", "take changed options as they run"],
  ["starts", "start"],
];

/** Characters of a value that a line shows. */
const SHOWN = 100;

export function planText(plan: Plan, detail: boolean): string {
  const { namespace, name } = plan.cloud;
  if (plan.empty) return [`Cloud ${namespace}/${name}: nothing to do`, ...plan.notes].join("\n");
  const lines = [`Cloud ${namespace}/${name}, plan ${plan.hash.slice(0, 12)}`, "", ...columns(summary(plan))];
  if (detail) lines.push(...detailLines(plan));
  else lines.push("", "Every object, line and step: underpin plan --detail");
  return lines.join("\n");
}

export function planMarkdown(plan: Plan, detail: boolean): string {
  const { namespace, name } = plan.cloud;
  if (plan.empty) return [`### Plan of ${namespace}/${name}: nothing to do`, ...plan.notes].join("\n\n");
  const rows = summary(plan).map(([head, text]) => `| ${head} | ${cell(text)} |`);
  const lines = [`### Plan of ${namespace}/${name}`, "", "| | |", "|---|---|", ...rows, "", `Hash: \`${plan.hash}\``];
  if (detail) {
    const told = detailLines(plan).join("\n").trim().replaceAll("```", "'''");
    lines.push(
      "",
      "<details><summary>Every object, line and step</summary>",
      "",
      "```text",
      told,
      "```",
      "",
      "</details>",
    );
  }
  return lines.join("\n");
}

type Row = readonly [head: string, text: string];

function summary(plan: Plan): readonly Row[] {
  const { created, changed, deleted, unchanged } = plan.count;
  const counts = `${created} created, ${changed} changed, ${deleted} deleted; ${unchanged} stay as they are`;
  const pods = EFFECTS.flatMap(([effect, words]): Row[] => {
    const found = plan.workloads.filter((one) => one.effect === effect);
    return found.length === 0
      ? []
      : [["pods", `${words}: ${found.map(({ controller }) => nameOf(controller)).join(", ")}`]];
  });
  const files = new Set(plan.configuration.map(({ object, file }) => `${object} ${file}`)).size;
  const databases = plan.steps.filter(({ database }) => database).map(({ id }) => id);
  return [
    ...plan.refused.map(({ key, message }): Row => ["REFUSED", `${key}: ${message}`]),
    ...plan.dataAtRisk.map((key): Row => ["DATA LOST", `${key} is deleted with what it holds`]),
    ["objects", counts],
    ...pods,
    ...(files === 0
      ? []
      : [["options", `${counted(plan.configuration.length, "line")} in ${counted(files, "file")}`] as const]),
    ["databases", databases.length === 0 ? "not touched" : databases.join(", ")],
    ["steps", plan.steps.length === 0 ? "none" : plan.steps.length.toString()],
    ...impacts(plan.steps),
    ...plan.notes.map((note): Row => ["note", note]),
    ...(plan.provisional.length === 0
      ? []
      : [
          [
            "note",
            `${counted(plan.provisional.length, "object")} with content that is made when it is carried out`,
          ] as const,
        ]),
  ];
}

const IMPACTS = { ReadsSlow: "slow", WritesFail: "changes fail or wait", Fails: "fails" } as const;

function impacts(steps: readonly PlanStep[]): readonly Row[] {
  const found = steps.flatMap(({ id, impact }): Row[] =>
    impact === undefined
      ? []
      : [["impact", `${impact.on}: ${IMPACTS[impact.level]} while the pods of ${id} are replaced`]],
  );
  return found.length === 0 ? [["impact", "no step declares one"]] : found;
}

function detailLines(plan: Plan): string[] {
  return [
    ...section("OBJECTS", plan.objects.flatMap(objectLines)),
    ...section("OPTIONS", configurationLines(plan.configuration)),
    ...section("STEPS", table(["STEP", "DOES", "AFTER"], plan.steps.map(stepRow))),
    ...section(
      "MADE WHEN IT IS CARRIED OUT",
      plan.provisional.map((key) => `  ${key}`),
    ),
  ];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", title, ...lines];
}

const SIGNS = { created: "+", changed: "~", deleted: "-" } as const;

function objectLines({ type, key, replaces, fields }: ObjectChange): string[] {
  const instead = replaces === undefined ? "" : ` for ${nameOf(replaces)}`;
  return [
    `${SIGNS[type]} ${key}${instead}`,
    ...fields.filter(({ path }) => !LAYER.test(path)).flatMap((field) => fieldLines(field)),
  ];
}

/** The text of a layer of options is told by its options. */
const LAYER = /^data\["\d\d-[\w-]+\.conf"\]$/;

function fieldLines({ path, before, after }: FieldChange): string[] {
  if (!isText(before) || !isText(after)) return [`    ${path}: ${value(before)} → ${value(after)}`];
  const [was, is] = [before.split("\n"), after.split("\n")];
  const gone = was.filter((line) => !is.includes(line)).map((line) => `      - ${line.trim()}`);
  const added = is.filter((line) => !was.includes(line)).map((line) => `      + ${line.trim()}`);
  return [`    ${path}:`, ...gone, ...added];
}

function isText(found: unknown): found is string {
  return typeof found === "string" && found.includes("\n");
}

function value(found: unknown): string {
  if (found === undefined) return "(none)";
  const text = JSON.stringify(found);
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

function configurationLines(lines: readonly LineChange[]): string[] {
  const files = Map.groupBy(lines, ({ object, file }) => `${object} ${file}`);
  return [...files].flatMap(([title, found]) => [
    title,
    ...found.map(({ group, option, before, after }) => `    ${group}.${option}: ${texts(before)} → ${texts(after)}`),
  ]);
}

function texts(found: readonly string[]): string {
  return found.length === 0 ? "(none)" : found.map((text) => text.replaceAll("\n", " ")).join(" | ");
}

function stepRow({ id, does, after }: PlanStep): readonly string[] {
  const [first = ""] = does;
  const more = does.length > 1 ? ` and ${does.length - 1} more` : "";
  return [id, `${first}${more}`, after.join(", ")];
}

function columns(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(([head]) => head.length));
  return rows.map(([head, text], index) => `${(rows[index - 1]?.[0] === head ? "" : head).padEnd(width)}   ${text}`);
}

function nameOf(key: string): string {
  return key.split("/").at(-1) ?? key;
}

function counted(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
