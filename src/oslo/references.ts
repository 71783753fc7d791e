import type { CatalogueOption, JsonValue, OptionType } from "./catalogue.ts";
import { reprFloat, reprText } from "./python-text.ts";
import { judgeText } from "./types/judge-text.ts";
import { accept, reject, type Rejection, type Unchecked, unchecked, type Verdict } from "./verdict.ts";

/** An option that a reference names, with the texts that files set for it; without `texts` its default holds. */
export interface Referenced {
  readonly option: CatalogueOption;
  readonly texts?: readonly string[];
}

/**
 * The options of a service for references. `group` is undefined for DEFAULT; `name` is the name in the service's code
 * (`dest`, no hyphens). "no group" and "no option" differ, since oslo.config looks into DEFAULT only after the latter.
 * "older name": it is one of an option, and which option that is depends on the order in which the service registers them.
 * "no text": what is set for it cannot be written into a file, for which it is refused in its own place.
 */
export type Lookup = (
  group: string | undefined,
  name: string,
) => Referenced | "no option" | "no group" | "older name" | "no text";

/** Python's own limit on nested calls comes soon after. */
const MAX_DEPTH = 40;
/** Characters that references may make of one value, and what looking one up counts for: so that loops end soon. */
const MAX_LENGTH = 1_000_000;
const LOOKUP_COST = 100;

/** What `re.IGNORECASE` adds to `[a-z]`. */
const LETTER = "A-Za-z\\u0130\\u0131\\u017f\\u212a";
const NAME = `[_${LETTER}][._${LETTER}0-9]*`;
const REFERENCE = new RegExp(`\\$(?:(?<dollar>\\$)|(?<bare>${NAME})|\\{(?<braced>${NAME})\\})`, "g");

/** Whether a text has references; `$$` and `\$` are none. */
export function hasReference(text: string): boolean {
  return Array.from(dollars(text).matchAll(REFERENCE)).some((match) => match.groups?.["dollar"] === undefined);
}

function dollars(text: string): string {
  return text.replaceAll("\\$", () => "$$");
}

/** Where a text stands, and how deep in references. */
export interface Place {
  readonly group: string | undefined;
  readonly lookup: Lookup;
  readonly depth: number;
  /** Characters that may still come. */
  readonly budget: { left: number };
}

/** The place of the value of an option of this group. */
export function placeOf(group: string, lookup: Lookup): Place {
  return { group: group === "DEFAULT" ? undefined : group, lookup, depth: 0, budget: { left: MAX_LENGTH } };
}

/**
 * The text with its references replaced, as oslo.config's templates do it (ConfigOpts._substitute): `$name` and
 * `${name}` are of the option's own group or else of DEFAULT, `$group.name` of that group; a `$` before anything else
 * stays. What the service would fail with is a rejection, and so are loops and values beyond a million characters.
 */
export function interpolate(text: string, place: Place): string | Rejection | Unchecked {
  const source = dollars(text);
  let result = "";
  let end = 0;
  for (const match of source.matchAll(REFERENCE)) {
    const name = match.groups?.["bare"] ?? match.groups?.["braced"];
    const value = name === undefined ? "$" : referenced(name, place);
    if (typeof value !== "string") return value;
    result += source.slice(end, match.index) + value;
    end = match.index + match[0].length;
    place.budget.left -= value.length + LOOKUP_COST;
    if (place.budget.left < 0) return reject(`references that make at most ${MAX_LENGTH} characters`, text);
  }
  return result + source.slice(end);
}

function referenced(name: string, place: Place): string | Rejection | Unchecked {
  if (place.depth >= MAX_DEPTH) return reject("references that do not lead back to themselves", `$${name}`);
  const dot = name.indexOf(".");
  const group = dot < 0 ? place.group : name.slice(0, dot);
  const first = place.lookup(group, dot < 0 ? name : name.slice(dot + 1));
  if (first === "no group") return reject(`a reference to an option that there is (no group ${group})`, `$${name}`);
  const found = first === "no option" ? place.lookup(undefined, name) : first;
  if (found === "older name") return unchecked(`it refers to an option by its older name ${name}`);
  if (found === "no text") return reject("a reference to an option whose value can be written", `$${name}`);
  if (typeof found === "string") return reject("a reference to an option that there is", `$${name}`);
  const inner = { ...place, group: groupOf(found.option), depth: place.depth + 1 };
  const verdict = valueOf(found, inner);
  if (verdict.verdict === "accept") return pythonText(found.option.type, verdict.value);
  return verdict.verdict === "unchecked" ? verdict : reject(`$${name}: ${verdict.allowed}`, `$${name}`);
}

function groupOf(option: CatalogueOption): string | undefined {
  return option.group === "DEFAULT" ? undefined : option.group;
}

function valueOf({ option, texts }: Referenced, place: Place): Verdict {
  if (texts === undefined) return defaultOf(option, place);
  if (option.multi === true) return eachOf(texts, (text) => judgeIn(option.type, text, place));
  return judgeIn(option.type, texts.at(-1) ?? "", place);
}

/** What the type makes of a text after its references were replaced. */
export function judgeIn(type: OptionType, text: string, place: Place): Verdict {
  const resolved = interpolate(text, place);
  if (typeof resolved !== "string") return resolved;
  const verdict = judgeText(type, resolved);
  // What a reference leads to may be a secret.
  return verdict.verdict === "reject" && resolved !== text ? reject(verdict.allowed, text) : verdict;
}

function defaultOf(option: CatalogueOption, place: Place): Verdict {
  if (option.fromMachine === true) return unchecked("it refers to an option whose default depends on the machine");
  const value = option.default ?? null;
  if (value === null) return accept(null);
  if (typeof value === "string") return judgeIn(option.type, value, place);
  if (Array.isArray(value)) {
    const item = option.type.kind === "list" ? option.type.item : option.type;
    return eachOf(value as readonly JsonValue[], (one) =>
      typeof one === "string" ? judgeIn(item, one, place) : accept(one),
    );
  }
  // JSON does not tell 1.0 from 1, which a text of the map would show.
  if (typeof value === "object" && Object.values(value).some((one) => typeof one === "number"))
    return unchecked(`it refers to ${option.name}, whose default only the service can write`);
  return accept(value);
}

function eachOf<T>(values: readonly T[], judge: (value: T) => Verdict): Verdict {
  const taken: JsonValue[] = [];
  for (const value of values) {
    const verdict = judge(value);
    if (verdict.verdict !== "accept") return verdict;
    taken.push(verdict.value);
  }
  return accept(taken);
}

/** `str(value)` of Python, as a template writes a value of the type; nothing for no value. */
function pythonText(type: OptionType, value: JsonValue): string {
  if (value === null) return "";
  return typeof value === "string" ? value : pythonRepr(type, value);
}

function pythonRepr(type: OptionType, value: JsonValue): string {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return type.kind === "float" ? reprFloat(value) : String(value);
  if (typeof value === "string") return isNumeric(type) || type.kind === "range" ? value : reprText(value);
  if (Array.isArray(value)) return reprList(type, value as readonly JsonValue[]);
  const item = type.kind === "dict" ? type.value : type;
  const pairs = Object.entries(value).map(([key, one]) => `${reprText(key)}: ${pythonRepr(item, one)}`);
  return `{${pairs.join(", ")}}`;
}

/** Large numbers are text in JSON. */
function isNumeric(type: OptionType): boolean {
  return type.kind === "integer" || type.kind === "port" || type.kind === "float";
}

function reprList(type: OptionType, values: readonly JsonValue[]): string {
  if (type.kind === "range") {
    const shown = values.at(-1) === 1 ? values.slice(0, -1) : values;
    return `range(${shown.map((one) => pythonRepr(type, one)).join(", ")})`;
  }
  const item = type.kind === "list" ? type.item : type;
  return `[${values.map((value) => pythonRepr(item, value)).join(", ")}]`;
}
