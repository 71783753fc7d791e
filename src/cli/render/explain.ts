// Options for people to read.
import { stringify } from "yaml";
import type { CatalogueChange, JsonValue, OptionType } from "../../oslo/catalogue.ts";
import { type Explanation, fullName, type OptionExplanation, type OptionSummary } from "../../options/explain.ts";
import { typeWords, valueWords, wrapHelp } from "../../options/words.ts";
import { table } from "./table.ts";

type Known = Exclude<Explanation, { type: "unknown" }>;

/** An explanation in lines of at most `width` characters, where words can be divided. */
export function explainLines(explanation: Known, width: number): string[] {
  switch (explanation.type) {
    case "option":
      return optionLines(explanation, width);
    case "group":
      return [
        `${explanation.service}.${explanation.group}: ${count(explanation.options.length, "option")} in OpenStack ${explanation.release}`,
        "",
        ...summaryTable(explanation.options, ({ name }) => name),
      ];
    case "several":
      return [
        `${explanation.name} is in ${explanation.options.length} groups; give the one you mean`,
        "",
        ...summaryTable(explanation.options, fullName),
      ];
    case "service":
      return [
        `${explanation.service}: ${count(explanation.groups.length, "group")} of options in OpenStack ${explanation.release}`,
        `components: ${explanation.components.join(", ")}`,
        "",
        ...table(
          ["GROUP", "OPTIONS"],
          explanation.groups.map(({ group, options }) => [group, String(options)]),
        ),
      ];
  }
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

/** Longest text in a cell of a table. */
const CELL = 40;

function summaryTable(options: readonly OptionSummary[], name: (option: OptionSummary) => string): string[] {
  const rows = options.map((option) => [
    name(option),
    cut(option.type),
    option.secret ? "(secret)" : cut(valueWords(option.default)),
    notes(option).join(", "),
  ]);
  return table(["OPTION", "TYPE", "DEFAULT", "NOTES"], rows);
}

function notes(option: OptionSummary): string[] {
  const all = {
    mutable: option.inPlace,
    advanced: option.advanced,
    deprecated: option.deprecated,
    owned: option.owned,
  };
  return Object.entries(all).flatMap(([note, holds]) => (holds ? [note] : []));
}

function cut(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > CELL ? `${line.slice(0, CELL - 3)}...` : line;
}

function optionLines(option: OptionExplanation, width: number): string[] {
  const { askedBy, help, example, next } = option;
  const older = askedBy === undefined ? [] : [`${fullName(askedBy)} is an older name: write ${fullName(option)}.`, ""];
  return [
    `${option.service}.${fullName(option)} in OpenStack ${option.release}`,
    "",
    ...older,
    ...facts(option).flatMap(([name, text]) => hanging(name, text, width)),
    ...(help === undefined ? [] : ["", ...wrapHelp(help, width)]),
    ...(example === undefined ? [] : ["", "EXAMPLE", ...indented(stringify(example, { compat: "yaml-1.1" }))]),
    ...(next === undefined ? [] : ["", `IN ${next.release}`, ...nextLines(next.changes)]),
  ];
}

function facts(option: OptionExplanation): [string, string][] {
  const { deprecated, claim } = option;
  const found: [string, string | undefined][] = [
    ["type", `${option.allowed}${option.multi ? "; may be given several times" : ""}`],
    ["default", `${defaultWords(option)}${option.required ? "; a value is required" : ""}`],
    ["change", changeEffect(option)],
    ["read by", option.readBy.length === 0 ? "no process of a Cloud" : option.readBy.join(", ")],
    ["secret", option.secret ? secretWords(option) : undefined],
    ["advanced", option.advanced ? "yes: for those who know why they need it" : undefined],
    ["older names", option.olderNames.map(fullName).join(", ")],
    ["deprecated", deprecated === undefined ? undefined : deprecation(deprecated)],
    ["owned", claim?.kind === "owned" ? `by Underpin: ${claim.why}${useField(claim.field)}` : undefined],
    ["Underpin", claim?.kind === "preset" ? `gives it a value of its own: ${claim.why}; yours wins` : undefined],
  ];
  return found.filter((fact): fact is [string, string] => fact[1] !== undefined && fact[1] !== "");
}

function defaultWords({ default: usual, sampleDefault, fromMachine }: OptionExplanation): string {
  if (!fromMachine) return valueWords(usual ?? sampleDefault);
  return sampleDefault === undefined
    ? "depends on the machine"
    : `depends on the machine: ${valueWords(sampleDefault)}`;
}

function secretWords({ claim }: OptionExplanation): string {
  return claim?.kind === "owned" ? "yes" : "yes: its value stands in a Secret, which secretOptions name";
}

function changeEffect({ inPlace, mutable, readBy }: OptionExplanation): string {
  if (inPlace) return "takes effect without a restart";
  if (readBy.length === 0) return "restarts nothing";
  return `restarts ${readBy.join(", ")}${mutable ? "; it is marked mutable, but its use does not follow" : ""}`;
}

function useField(field: string | undefined): string {
  return field === undefined ? "; no field of the Cloud changes it" : `; use ${field}`;
}

function deprecation({ reason, since }: NonNullable<OptionExplanation["deprecated"]>): string {
  const when = since === undefined ? "yes" : `since ${since}`;
  return reason === undefined ? when : `${when}: ${reason.replaceAll(/\s+/g, " ").trim()}`;
}

const LABEL = 13;

/** A fact whose further lines stand below its text. */
function hanging(name: string, text: string, width: number): string[] {
  const lines = wrapHelp(text, Math.max(width - LABEL - 2, 20));
  return lines.map((line, index) => `  ${(index === 0 ? name : "").padEnd(LABEL)}${line}`);
}

function indented(text: string): string[] {
  return text
    .trimEnd()
    .split("\n")
    .map((line) => `  ${line}`);
}

function nextLines(changes: readonly CatalogueChange[]): string[] {
  return changes.length === 0 ? ["  the same"] : changes.map((change) => `  ${changeWords(change)}`);
}

/** A difference between two releases in words. */
export function changeWords(change: CatalogueChange): string {
  const { before, after, to } = change;
  switch (change.change) {
    case "added":
      return "added";
    case "removed":
      return "removed";
    case "renamed":
      return `renamed to ${to === undefined ? "?" : fullName(to)}`;
    case "deprecated":
      return "deprecated";
    case "default":
      return defaultChange(before, after);
    case "type":
      return typeChange(before as ChangedType, after as ChangedType);
  }
}

/** Of two lists only what one of them lacks. */
function defaultChange(before: JsonValue | undefined, after: JsonValue | undefined): string {
  const [old, now] = [before, after].map((value) =>
    Array.isArray(value) ? value.map((item) => valueWords(item)) : [],
  );
  const both = Array.isArray(before) && Array.isArray(after) && before.length + after.length > 4;
  return both ? `default: ${lacking(old ?? [], now ?? [], "in another order")}` : `default ${fromTo(before, after)}`;
}

/** What only the one, and what only the other has. */
function lacking(old: readonly string[], now: readonly string[], otherwise: string): string {
  const gone = old.filter((one) => !now.includes(one));
  const added = now.filter((one) => !old.includes(one));
  const parts = [
    ...(gone.length === 0 ? [] : [`no longer ${gone.join(", ")}`]),
    ...(added.length === 0 ? [] : [`now also ${added.join(", ")}`]),
  ];
  return parts.length === 0 ? otherwise : parts.join("; ");
}

/** Two values; text is in quotes where only its being text makes the difference. */
function fromTo(before: JsonValue | undefined, after: JsonValue | undefined): string {
  const [from, to] = [before, after].map((value) => cut(valueWords(value)));
  return from === to ? `${JSON.stringify(before)} -> ${JSON.stringify(after)}` : `${from} -> ${to}`;
}

/** A type, which is data in a difference. */
type ChangedType = OptionType & { readonly multi?: true };

/** Of two lists of choices only what one of them lacks. */
function typeChange(before: ChangedType, after: ChangedType): string {
  const [old, now] = [choicesOf(before), choicesOf(after)];
  if (old === undefined || now === undefined || before.kind !== after.kind)
    return `type ${typeText(before)} -> ${typeText(after)}`;
  return `type: ${lacking(old, now, "the same choices in another order")}`;
}

function choicesOf(type: ChangedType): readonly string[] | undefined {
  return "choices" in type ? type.choices?.map((choice) => valueWords(choice)) : undefined;
}

function typeText({ multi, ...plain }: ChangedType): string {
  return `${typeWords(plain)}${multi === true ? ", several times" : ""}`;
}
