// types: what oslo.config's types (oslo_config/types.py) do with a text, one function for each.
import type { OptionType } from "../catalogue.ts";
import { floatValue, integerValue, length, parseFloat, parseInteger, strip } from "../python-text.ts";
import { RegexError, searches } from "../regex/search.ts";
import { accept, reject, shown, unchecked, type Verdict } from "../verdict.ts";

type Kind<K extends OptionType["kind"]> = Extract<OptionType, { readonly kind: K }>;

/** `String`: one pair of quotes away where the type says so, then length, regular expression, choices. */
export function judgeString(type: Kind<"string">, text: string): Verdict {
  let value = text;
  if (type.quotes === true && /^["']/.test(value)) {
    if (value.length === 1 || value.at(-1) !== value[0]) return reject("quotes must be closed", text);
    value = value.slice(1, -1);
  }
  const most = type.maxLength ?? 0;
  if (most > 0 && length(value) > most) return reject(`at most ${most} characters`, value);
  if (type.regex !== undefined) {
    const refused = judgeRegex({ pattern: type.regex, ignoreCase: type.ignoreCase === true }, value);
    if (refused !== undefined) return refused;
  }
  if (type.choices === undefined) return accept(value);
  const fold = (one: string): string => (type.ignoreCase === true ? one.toLowerCase() : one);
  const fits = type.choices.some((choice) => choice !== null && fold(choice) === fold(value));
  return fits ? accept(value) : reject(`one of ${listed(type.choices)}`, value);
}

function judgeRegex(regex: { pattern: string; ignoreCase: boolean }, value: string): Verdict | undefined {
  try {
    return searches(regex, value) ? undefined : reject(`a text that matches the pattern ${regex.pattern}`, value);
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    return unchecked(`the pattern ${shown(regex.pattern)} is judged by the service alone: ${error.message}`);
  }
}

const TRUE = ["true", "1", "on", "yes"];
const FALSE = ["false", "0", "off", "no"];

/** `Boolean` */
export function judgeBoolean(text: string): Verdict {
  const word = text.toLowerCase();
  if (TRUE.includes(word)) return accept(true);
  return FALSE.includes(word) ? accept(false) : reject("true or false (or on, off, yes, no, 1, 0)", text);
}

const MAX_PORT = 65535;

/** `Integer` and `Port`: nothing but spaces is no value, and no bound or choice is asked then. */
export function judgeInteger(type: Kind<"integer" | "port">, text: string): Verdict {
  if (strip(text) === "") return accept(null);
  const min = type.min ?? (type.kind === "port" ? 0 : undefined);
  const max = type.max ?? (type.kind === "port" ? MAX_PORT : undefined);
  const allowed =
    type.choices === undefined ? `a whole number${between(min, max)}` : `one of ${listed(type.choices.map(textOf))}`;
  const value = parseInteger(text);
  if (value === undefined) return reject(allowed, text);
  const fits =
    type.choices === undefined
      ? (min === undefined || value >= whole(min)) && (max === undefined || value <= whole(max))
      : type.choices.some((choice) => choice !== null && value === BigInt(choice));
  return fits ? accept(integerValue(value)) : reject(allowed, text);
}

/** `Float`: not a number is in every range. */
export function judgeFloat(type: Kind<"float">, text: string): Verdict {
  if (strip(text) === "") return accept(null);
  const allowed = `a number${between(type.min, type.max)}`;
  const value = parseFloat(text);
  if (value === undefined) return reject(allowed, text);
  const outside = (type.min !== undefined && value < type.min) || (type.max !== undefined && value > type.max);
  return outside ? reject(allowed, text) : accept(floatValue(value));
}

/** `Range`: `a-b` or one number; counted down when the first is the larger. */
export function judgeRange(type: Kind<"range">, text: string): Verdict {
  const allowed = `a range like 1-5${between(type.min, type.max)}`;
  const [, left = "", right = left] = /^(0|-?[1-9][0-9]*)(?:-(0|-?[1-9][0-9]*))?(?=\n?$)/.exec(text) ?? [];
  const [from, to] = [parseInteger(left), parseInteger(right)];
  if (from === undefined || to === undefined) return reject(allowed, text);
  const [low, high] = from < to ? [from, to] : [to, from];
  const outside = (type.min !== undefined && low < type.min) || (type.max !== undefined && high > type.max);
  if (outside) return reject(allowed, text);
  const step = from < to ? 1n : -1n;
  return accept([from, type.inclusive ? to + step : to, step].map(integerValue));
}

/** Bounds that are not whole are compared as they are. */
function whole(bound: number | string): bigint | number {
  return typeof bound === "string" ? BigInt(bound) : bound;
}

function textOf(choice: number | string | null): string | null {
  return choice === null ? null : String(choice);
}

function between(min: number | string | undefined, max: number | string | undefined): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? "" : ` of at most ${max}`;
}

function listed(choices: readonly (string | null)[]): string {
  const texts = choices.filter((choice) => choice !== null);
  return texts.map((choice) => (choice === "" ? '""' : choice)).join(", ");
}
