import type { JsonValue, OptionType } from "../catalogue.ts";
import { strip } from "../python-text.ts";
import { accept, reject, type Rejection, type Unchecked, unchecked, type Verdict } from "../verdict.ts";

type Kind<K extends OptionType["kind"]> = Extract<OptionType, { readonly kind: K }>;
/** `judgeText`, which calls these functions in turn. */
export type Judge = (type: OptionType, text: string) => Verdict;

/** Characters that are judged at most while parts are put together again, so that no value takes long. */
const BUDGET = 5_000_000;
const BUDGET_OF_SLOW = 100_000;

/** `List`: parts that their type refuses are joined with the next ones until it takes them. */
export function judgeList(type: Kind<"list">, text: string, judge: Judge): Verdict {
  const outer = withoutLast(strip(text), ",");
  const inner = unbound(outer, type.bounds === true ? "[]" : "");
  if (inner === undefined) return reject("a list in square brackets: [a,b]", text);
  const take =
    inner === "" ? [] : taken(inner.split(","), budgetOf(type.item), (part) => judge(type.item, strip(part)));
  if (!isTaken(take)) return inContext(take, (count) => `item ${count} of the list`);
  return atLeast(type.minLength, take.length, text) ?? accept(take.map(({ value }) => value));
}

/** `Dict`: pairs of a key and a value, put together as the parts of a list are. */
export function judgeDict(type: Kind<"dict">, text: string, judge: Judge): Verdict {
  const separator = type.separator ?? ":";
  const inner = unbound(strip(text), type.bounds === true ? "{}" : "");
  if (inner === undefined) return reject(`pairs in braces: {key${separator}value}`, text);
  const shape = reject(`pairs like key${separator}value with commas between them`, text);
  const pair = (part: string): Verdict => {
    const at = part.indexOf(separator);
    return at < 0 ? shape : judge(type.value, strip(part.slice(at + separator.length)));
  };
  const take = inner === "" ? [] : taken(inner.split(","), budgetOf(type), pair);
  if (!isTaken(take)) return inContext(take, (count) => `pair ${count}`);
  const keys = take.map(({ part }) => strip(part.slice(0, part.indexOf(separator))));
  if (keys.includes("")) return reject("every pair must have a key", text);
  if (new Set(keys).size < keys.length) return reject("each key may stand once only", text);
  const values = Object.fromEntries(take.map(({ value }, at) => [keys[at] ?? "", value]));
  return atLeast(type.minLength, take.length, text) ?? accept(values);
}

/** `rstrip(character)` */
function withoutLast(text: string, character: string): string {
  let end = text.length;
  while (text[end - 1] === character) end -= 1;
  return text.slice(0, end);
}

function unbound(text: string, bounds: string): string | undefined {
  if (bounds === "") return text;
  return text.startsWith(bounds.charAt(0)) && text.endsWith(bounds.charAt(1)) ? text.slice(1, -1) : undefined;
}

function atLeast(least: number | undefined, count: number, text: string): Verdict | undefined {
  return least !== undefined && count < least ? reject(`at least ${least} items`, text) : undefined;
}

interface Part {
  readonly part: string;
  readonly value: JsonValue;
}
interface Refused {
  readonly refused: Rejection | Unchecked;
  readonly count: number;
}

function isTaken(result: readonly Part[] | Refused): result is readonly Part[] {
  return Array.isArray(result);
}

/** The parts as oslo.config joins them, each with its value; or the first that is refused, however much is joined to it. */
function taken(parts: readonly string[], most: number, judge: (part: string) => Verdict): readonly Part[] | Refused {
  const done: Part[] = [];
  let budget = most;
  for (let at = 0; at < parts.length;) {
    let part = parts[at++] ?? "";
    let verdict = judge(part);
    const first = verdict;
    while (verdict.verdict === "reject") {
      if (first.verdict === "reject" && (most === 0 || at === parts.length))
        return { refused: first, count: done.length + 1 };
      part += `,${parts[at++]}`;
      budget -= part.length;
      if (budget < 0) return { refused: unchecked("the value is too long to be judged"), count: done.length + 1 };
      verdict = judge(part);
    }
    if (verdict.verdict === "unchecked") return { refused: verdict, count: done.length + 1 };
    done.push({ part, value: verdict.value });
  }
  return done;
}

function inContext({ refused, count }: Refused, name: (count: number) => string): Verdict {
  if (refused.verdict === "unchecked") return refused;
  const within = (words: string): string => `${name(count)}: ${words}`;
  const rejection: Rejection = { ...refused, reason: within(refused.reason), allowed: within(refused.allowed) };
  return rejection;
}

/** How many characters are worth trying to put together for the type: none where a comma is never part of it. */
function budgetOf(type: OptionType): number {
  switch (type.kind) {
    case "string":
      if (type.regex !== undefined) return BUDGET_OF_SLOW;
      return type.choices === undefined || type.choices.some((choice) => choice?.includes(",") === true) ? BUDGET : 0;
    case "dict":
      return budgetOf(type.value) === BUDGET_OF_SLOW ? BUDGET_OF_SLOW : BUDGET;
    case "uri":
    case "list":
    case "unchecked":
      return BUDGET_OF_SLOW;
    default:
      return 0;
  }
}
