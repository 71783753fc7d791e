import { isDeepStrictEqual } from "node:util";
import type { CatalogueOption, OptionType } from "../../src/oslo/catalogue.ts";
import type { OptionValue } from "../../src/oslo/judge.ts";
import type { Verdict } from "../../src/oslo/verdict.ts";
import type { Answer } from "./oslo-side.ts";

/** Why our verdict is not oslo.config's; undefined when it is. Unchecked options are nobody's to compare. */
export function difference(ours: Verdict, theirs: Answer | undefined): string | undefined {
  if (ours.verdict === "unchecked" || theirs?.[0] === "missing") return undefined;
  if (theirs === undefined) return "was not asked";
  if (ours.verdict !== theirs[0]) return `ours ${brief(ours)}, oslo.config ${brief(theirs)}`;
  if (ours.verdict === "reject" || isDeepStrictEqual(ours.value, theirs[1])) return undefined;
  return `our value ${brief(ours.value)}, oslo.config's ${brief(theirs[1])}`;
}

/** Why a typed value is not what oslo.config has in hand; undefined when it is, or when the type makes something else of it. */
export function changed(option: CatalogueOption, typed: OptionValue, theirs: Answer): string | undefined {
  if (theirs[0] !== "accept") return undefined;
  const wanted = option.multi === true ? (Array.isArray(typed) ? typed : [typed]) : typed;
  const expected = plain(option.type, wanted, option.multi === true);
  if (expected === undefined || isDeepStrictEqual(expected, theirs[1])) return undefined;
  return `typed ${brief(typed)}, oslo.config has ${brief(theirs[1])}`;
}

/** The value as its type has it, where that is the typed value itself. */
function plain(type: OptionType, value: unknown, multi: boolean): unknown {
  if (Array.isArray(value)) {
    const item = type.kind === "list" && !multi ? type.item : type;
    const items = value.map((one) => plain(item, one, false));
    return items.includes(undefined) ? undefined : items;
  }
  if (typeof value === "object" && value !== null) {
    if (type.kind !== "dict") return undefined;
    const entries = Object.entries(value).map(([key, one]) => [key, plain(type.value, one, false)] as const);
    return entries.some(([key, one]) => one === undefined || key.includes("$"))
      ? undefined
      : Object.fromEntries(entries);
  }
  if (type.kind === "string") return /\$/.test(String(value)) ? undefined : String(value);
  if (type.kind === "boolean") return typeof value === "boolean" ? value : undefined;
  const isNumber = type.kind === "integer" || type.kind === "port" || type.kind === "float";
  return isNumber && typeof value === "number" ? value : undefined;
}

export function brief(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 200);
}
