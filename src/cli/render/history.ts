import type { History, PlannedChange, UnplannedChange } from "../history.ts";
import { duration } from "./plan-words.ts";
import { tableWithin } from "./table.ts";
import { hangingLines } from "./width.ts";

/** The history for people: a row for each change. */
export function historyLines({ cloud, namespace, entries, notes }: History, width: number): string[] {
  const told = notes.flatMap((note) => hangingLines("note   ", note, width));
  if (entries.length === 0) return [`Cloud ${namespace}/${cloud}: no change is recorded.`, ...told];
  const heads = ["TIME", "PLAN", "PHASE", "CHANGE", "APPROVED BY", "TOOK", "USERS NOTICED"];
  return [...tableWithin(width, heads, entries.map(row)), ...(told.length === 0 ? [] : ["", ...told])];
}

function row(entry: PlannedChange | UnplannedChange): readonly string[] {
  return entry.type === "plan" ? planRow(entry) : driftRow(entry);
}

function planRow(entry: PlannedChange): readonly string[] {
  const { time, plan, phase, change, approvedBy = "", seconds } = entry;
  return [shown(time), plan, phase, change, approvedBy, seconds === undefined ? "" : duration(seconds), noticed(entry)];
}

function noticed({ noticed: seen, blind }: PlannedChange): string {
  if (blind === true) return "not known: the witness was blind";
  if (seen === undefined) return "";
  const failed = seen.failed === 0 ? "nothing failed" : `${seen.failed} failed`;
  const gap = `worst gap ${duration(seen.worstGapSeconds)}`;
  return `${failed}, ${gap}${seen.partly ? ", partly blind" : ""}`;
}

function driftRow({ time, last, count, action, change, fight }: UnplannedChange): readonly string[] {
  const often = count === undefined ? "" : ` (${count} times since ${shown(time)})`;
  const again = fight === true ? "; somebody sets it again and again" : "";
  return [shown(last ?? time), "not planned", action, `${change}${often}${again}`, "", "", ""];
}

/** `2026-11-23 04:19:10`, UTC. */
function shown(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? time : date.toISOString().slice(0, 19).replace("T", " ");
}
