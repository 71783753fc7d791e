// Differences between two releases for people to read.
import type { CatalogueChange } from "../../oslo/catalogue.ts";
import type { Concern } from "../../options/changes.ts";
import type { Place } from "../cloud-source.ts";
import { changeWords } from "./explain.ts";
import { table } from "./table.ts";

export interface PlacedConcern extends Concern {
  readonly place?: Place;
}

/** What concerns the Cloud. */
export function concernTable(concerns: readonly PlacedConcern[]): string[] {
  if (concerns.length === 0) return ["Nothing of what this Cloud or Underpin sets changes."];
  const rows = concerns.map((one) => [
    `${one.service}.${one.group}.${one.name}`,
    cut(changeWords(one)),
    one.by,
    [where(one), one.refused].filter((part) => part !== undefined && part !== "").join("; "),
  ]);
  return table(["OPTION", "CHANGE", "SET BY", "WHERE"], rows);
}

/** Longest text in a cell of a table; the list below has it whole. */
const CELL = 90;

function cut(text: string): string {
  return text.length > CELL ? `${text.slice(0, CELL - 3)}...` : text;
}

function where({ place, path }: PlacedConcern): string {
  const field = path?.join(".") ?? "";
  if (place === undefined) return field;
  if ("line" in place) return `${place.file}:${place.line} ${field}`;
  return place.managers.length === 0 ? field : `${field} by ${place.managers.join(", ")}`;
}

/** All differences of a service: those that an operator must know first, each kind in a block. */
export function changeLines(service: string, changes: readonly CatalogueChange[]): string[] {
  const kinds = ["removed", "renamed", "default", "type", "deprecated", "added"] as const;
  const counts = kinds.flatMap((kind) => {
    const number = changes.filter(({ change }) => change === kind).length;
    return number === 0 ? [] : [`${number} ${kind}`];
  });
  const lines = changes
    .filter(({ change }) => change !== "added")
    .toSorted((a, b) => kinds.indexOf(a.change) - kinds.indexOf(b.change))
    .map((change) => `  ${change.group}.${change.name}: ${changeWords(change)}`);
  return [`${service}: ${counts.length === 0 ? "no difference" : counts.join(", ")}`, ...lines, ...addedLines(changes)];
}

/** What was added is nobody's trouble: the names, by group. */
function addedLines(changes: readonly CatalogueChange[]): string[] {
  const added = changes.filter(({ change }) => change === "added");
  return [...Map.groupBy(added, ({ group }) => group)].map(
    ([group, options]) => `  added in ${group}: ${options.map(({ name }) => name).join(", ")}`,
  );
}
