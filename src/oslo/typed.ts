import { isDeepStrictEqual } from "node:util";
import type { CatalogueOption, OptionType } from "./catalogue.ts";
import { IniError, type IniScalar, type IniValue, multi, Verbatim } from "./ini.ts";
import { hasReference, interpolate, placeOf } from "./references.ts";
import { strip } from "./python-text.ts";
import { judgeText } from "./types/judge-text.ts";
import { accept, type Verdict } from "./verdict.ts";

type ListType = Extract<OptionType, { readonly kind: "list" }>;
type DictType = Extract<OptionType, { readonly kind: "dict" }>;

/** A value as a Cloud's options carry it. */
export type OptionValue = IniScalar | readonly IniScalar[] | { readonly [key: string]: IniScalar };

/** The key that oslo.config reads in files: the option's name in code. */
export function destOf(option: CatalogueOption): string {
  return option.dest ?? option.name.replaceAll("-", "_");
}

/**
 * The form in which a typed value is to be written for its option: several lines for a multi-valued option, brackets and
 * quotes where the type wants them. The references (`$name`) in it stay references.
 * @throws IniError for what the option's form cannot carry, for example a list item with a comma
 */
export function iniValue(option: CatalogueOption, value: OptionValue): IniValue {
  const texts = typedTexts(option, value);
  return new Verbatim(option.multi === true ? multi(...texts) : (texts[0] ?? ""));
}

/** The texts of a typed value, one for each time that the option's key is to be written. @throws IniError */
export function typedTexts(option: CatalogueOption, value: OptionValue): readonly string[] {
  if (option.multi === true) return isList(value) ? severalTexts(option, value) : [oneText(option, value)];
  return [oneText(option, value)];
}

function severalTexts(option: CatalogueOption, values: readonly IniScalar[]): readonly string[] {
  const unset = !Array.isArray(option.default) || option.default.length === 0;
  if (values.length === 0 && !unset)
    throw refusal(option, "an empty list cannot be written for an option with a line for each value: it has a default");
  return values.map((value) => scalarText(option, option.type, value));
}

function oneText(option: CatalogueOption, value: OptionValue): string {
  const { type } = option;
  if (typeof value !== "object") return scalarText(option, type, value);
  if (isList(value)) {
    if (type.kind !== "list" && type.kind !== "unchecked") throw refusal(option, "takes one value; a list was given");
    return listText(option, type.kind === "list" ? type : { kind: "list", item: type }, value);
  }
  if (type.kind !== "dict" && type.kind !== "unchecked")
    throw refusal(option, `takes ${type.kind === "list" ? "a list" : "one value"}; a map was given`);
  return mapText(option, type.kind === "dict" ? type : { kind: "dict", value: type }, value);
}

function listText(option: CatalogueOption, type: ListType, items: readonly IniScalar[]): string {
  const texts = items.map((item) => scalarText(option, type.item, item));
  const line = bound(texts.join(","), type.bounds === true ? "[]" : "");
  const asItems = { items: texts.map((text) => judgePlain(type.item, text)) };
  return carried(option, { line, type, texts, asItems });
}

function mapText(option: CatalogueOption, type: DictType, map: { readonly [key: string]: IniScalar }): string {
  const entries = Object.entries(map).map(([key, value]) => [key, scalarText(option, type.value, value)] as const);
  const line = entries.map(([key, text]) => `${key}${type.separator ?? ":"}${text}`).join(",");
  const judged = entries.map(([key, text]) => [plain(key), judgePlain(type.value, text)] as const);
  const texts = entries.flat();
  const asItems = { items: judged.map(([, item]) => item), keys: judged.map(([key]) => key) };
  return carried(option, { line: bound(line, type.bounds === true ? "{}" : ""), type, texts, asItems });
}

interface Line {
  readonly line: string;
  readonly type: ListType | DictType;
  readonly texts: readonly string[];
  readonly asItems: { readonly items: readonly Verdict[]; readonly keys?: readonly string[] };
}

/** The line, if oslo.config takes it apart into the same items; where references decide that, it is as it is. */
function carried(option: CatalogueOption, { line, type, texts, asItems: { items, keys } }: Line): string {
  if (texts.some(hasReference)) return line;
  const torn = refusal(
    option,
    "has an item that one line cannot carry (a comma or a space at its edge, or an empty one)",
  );
  const whole = judgePlain(type, line);
  if (whole.verdict === "unchecked" && texts.some(isTorn)) throw torn;
  const values = items.flatMap((item) => (item.verdict === "accept" ? [item.value] : []));
  // Whatever is wrong with the line as a whole is the type's to say.
  if (whole.verdict !== "accept") return line;
  const wanted = keys === undefined ? values : Object.fromEntries(values.map((value, at) => [keys[at] ?? "", value]));
  if (values.length < items.length || !isDeepStrictEqual(whole.value, wanted)) throw torn;
  return line;
}

function judgePlain(type: OptionType, text: string): Verdict {
  return hasReference(text) ? accept(null) : judgeText(type, plain(text));
}

/** A text without references as oslo.config sees it after it looked for them. */
function plain(text: string): string {
  const resolved = interpolate(
    text,
    placeOf("DEFAULT", () => "no option"),
  );
  return typeof resolved === "string" ? resolved : text;
}

function bound(text: string, bounds: string): string {
  return bounds === "" ? text : `${bounds.charAt(0)}${text}${bounds.charAt(1)}`;
}

function isTorn(text: string): boolean {
  return text === "" || text.includes(",") || strip(text) !== text;
}

/** A text for a type: in quotes where the type takes them away, and what is within would not be read back. */
function scalarText(option: CatalogueOption, type: OptionType, value: IniScalar): string {
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value) && type.kind !== "float")
    throw refusal(option, "has a whole number beyond 9007199254740991: write it in quotes");
  const text = String(value);
  if (type.kind !== "string" || type.quotes !== true || (!isTorn(text) && !/^["']/.test(text))) return text;
  return text.includes('",') ? `'${text}'` : `"${text}"`;
}

function refusal({ group, name }: CatalogueOption, why: string): IniError {
  return new IniError(group, name, why);
}

function isList(value: OptionValue): value is readonly IniScalar[] {
  return Array.isArray(value);
}
