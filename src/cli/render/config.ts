// A service's configuration for people to read.
import type { EffectiveLine } from "../../options/effective.ts";
import type { Place } from "../cloud-source.ts";
import { table } from "./table.ts";

/** A line, and where the Cloud says it. */
export interface PlacedLine extends EffectiveLine {
  readonly place?: Place;
}

/** Longest text in a cell of a table; what is longer is whole in the other forms of output. */
const CELL = 60;

/** The lines as a table; with `provenance` also what they are and why they are there. */
export function configTable(lines: readonly PlacedLine[], all: readonly string[], provenance: boolean): string[] {
  const heads = ["OPTION", "VALUE", "FROM", "PROCESSES"];
  const rows = lines.map((line) => [
    `${line.group}.${line.name}`,
    cut(line.values.join(" | ")),
    line.origin.from,
    processWords(line.processes, all),
  ]);
  if (!provenance) return table(heads, rows);
  return table(
    [...heads, "TYPE", "MUTABLE", "WHY"],
    rows.map((row, index) => {
      const line = lines[index];
      if (line === undefined) return row;
      return [...row, cut(line.type ?? "unknown to the release"), mutableWord(line), reason(line)];
    }),
  );
}

/** `all`, or who has it, or who has not, whichever is shorter. */
function processWords(some: readonly string[], all: readonly string[]): string {
  const others = all.filter((name) => !some.includes(name));
  if (others.length === 0) return "all";
  return others.length < some.length ? `all but ${others.join(",")}` : some.join(",");
}

/** `yes` only where a running process follows a change. */
function mutableWord({ mutable, inPlace }: PlacedLine): string {
  if (inPlace) return "yes";
  return mutable ? "restarts" : "no";
}

/** `user: cloud.yaml:12 spec.services.…`, `underpin: it is a volume of the pod`; of a default there is nothing to say. */
export function originWords(line: PlacedLine): string | undefined {
  if (line.origin.from === "default") return undefined;
  const why = reason(line);
  return why === "" ? line.origin.from : `${line.origin.from}: ${why}`;
}

/** Why the line is there: for a user's, where. */
function reason({ origin, place }: PlacedLine): string {
  switch (origin.from) {
    case "default":
      return "";
    case "profile":
      return `profile ${origin.profile}`;
    case "underpin":
      return underpinReason(origin);
    case "user": {
      const instead = origin.insteadOf === undefined ? "" : `; instead of ${cut(origin.insteadOf.join(" | "))}`;
      return `${placeWords(place)}${origin.path.join(".")}${instead}`;
    }
  }
}

function underpinReason(origin: Extract<EffectiveLine["origin"], { from: "underpin" }>): string {
  const change = origin.owned ? origin.field : "the Cloud may change it";
  return [origin.why, change].filter((part) => part !== undefined).join("; ");
}

function placeWords(place: Place | undefined): string {
  if (place === undefined) return "";
  if ("line" in place) return `${place.file}:${place.line} `;
  return place.managers.length === 0 ? "" : `by ${place.managers.join(", ")} `;
}

function cut(text: string): string {
  const line = text.replaceAll(/\s+/g, " ");
  return line.length > CELL ? `${line.slice(0, CELL - 3)}...` : line;
}
