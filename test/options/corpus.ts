// Texts and values that go wrong: what every type is tried with, what each type's constraints suggest, and mutations.
import { readFileSync } from "node:fs";
import type { CatalogueOption, JsonValue, OptionType } from "../../src/oslo/catalogue.ts";
import type { OptionValue } from "../../src/oslo/judge.ts";

/** By what they are aimed at; characters beyond ASCII are escaped, so that they can be told apart. */
const FILE = JSON.parse(readFileSync(new URL("nasty.json", import.meta.url), "utf8")) as Record<string, string[]>;
/** Python converts no more than 4300 digits. */
export const LONG: readonly string[] = [255, 256, 1025, 20_000]
  .map((length) => "x".repeat(length))
  .concat("a,".repeat(3000), "\u{1f600}".repeat(255), "\u{1f600}".repeat(256))
  .concat("9".repeat(4300), "9".repeat(4301), `${"0".repeat(4300)}1`, `1${"0".repeat(400)}`);

/** Every type is tried with all of these, written into a file as they are. */
export const NASTY: readonly string[] = [...new Set(Object.values(FILE).flat())];

/** Texts of which some are valid for the type, and some just outside. */
export function suggested(option: CatalogueOption): readonly string[] {
  const fromDefault = textsOf(option.type, option.default ?? null);
  return [...new Set([...fromDefault, ...suggestedBy(option.type)])];
}

function suggestedBy(type: OptionType): readonly string[] {
  switch (type.kind) {
    case "string":
      return [
        ...(type.choices ?? []).flatMap((choice) => (choice === null ? [] : caseVariants(choice))),
        ...lengths(type.maxLength),
        ...(type.regex === undefined
          ? []
          : ["tcp:1", "ssl:", "unix:/x", "month@1", "day", "a-b:c:d", "ab.c_d-e", "1:2", "٣:٣"]),
      ];
    case "integer":
    case "port":
      return [
        ...[type.min ?? 0, type.max ?? 65535].flatMap(around),
        ...(type.choices ?? []).flatMap((choice) => (choice === null ? ["None"] : around(choice))),
      ];
    case "float":
      return [type.min ?? 0, type.max ?? 1].flatMap((bound) => [...around(bound), `${bound}.0`, `${bound}1`]);
    case "list":
      return lists(type);
    case "dict":
      return suggestedBy(type.value).flatMap((value) => [`k:${value}`, `a:1,k:${value}`]);
    case "uri":
      return [
        ...(type.schemes ?? []).flatMap((scheme) => [`${scheme}://h`, `${scheme}s://h/p`]),
        ...lengths(type.maxLength).map((text) => `http://${text}`),
      ];
    default:
      return [];
  }
}

function lists(type: Extract<OptionType, { kind: "list" }>): readonly string[] {
  const items = suggestedBy(type.item);
  const plain = [...items, items.slice(0, 3).join(","), `${items.slice(0, 2).join(" , ")},`, `x,${items[0] ?? ""}`];
  return type.bounds === true ? plain.map((text) => `[${text}]`) : plain;
}

function caseVariants(text: string): readonly string[] {
  return [
    text,
    text.toUpperCase(),
    text.toLowerCase(),
    text.slice(0, -1),
    `${text}x`,
    `${text},`,
    `"${text}"`,
    `" ${text}"`,
  ];
}

function around(bound: number | string): readonly string[] {
  const whole = BigInt(Math.trunc(Number(bound)));
  return [whole - 1n, whole, whole + 1n].flatMap((value) => [`${value}`, `${value}_0`, `+${value}`]);
}

function lengths(most: number | undefined): readonly string[] {
  if (most === undefined) return [];
  return [most - 1, most, most + 1].flatMap((length) => ["x".repeat(length), "é".repeat(length), "😀".repeat(length)]);
}

/** A default as an operator would write it. */
function textsOf(type: OptionType, value: JsonValue): readonly string[] {
  if (value === null) return [];
  if (typeof value !== "object") return [String(value)];
  if (Array.isArray(value))
    return [value.map((item) => JSON.stringify(item)).join(","), ...value.map((item) => JSON.stringify(item))];
  const separator = type.kind === "dict" ? (type.separator ?? ":") : ":";
  return [
    Object.entries(value)
      .map(([key, item]) => `${key}${separator}${JSON.stringify(item)}`)
      .join(","),
  ];
}

/** Numbers from 0 up to 1, the same for the same seed. */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function pick<T>(values: readonly T[], next: () => number): T {
  const value = values[Math.floor(next() * values.length)];
  if (value === undefined) throw new Error("nothing to pick from");
  return value;
}

const INSERTED = Array.from(`,:.-_ \t"'[]{}\\/%@09aZ=#+e\u00e9\u0663\u00a0\u{1f600}`).concat("$$");

/** A text with one to three small changes. */
export function mutated(text: string, next: () => number): string {
  let result = text;
  for (let changes = 1 + Math.floor(next() * 3); changes > 0; changes -= 1) result = changed(result, next);
  return result.toWellFormed();
}

function changed(text: string, next: () => number): string {
  const at = Math.floor(next() * (text.length + 1));
  const [before, after] = [text.slice(0, at), text.slice(at)];
  const change = Math.floor(next() * 6);
  if (change === 0) return before + after.slice(1);
  if (change === 1) return before + after.charAt(0).toUpperCase() + after.slice(1);
  if (change === 2) return before + after.charAt(0) + after;
  if (change === 3) return after + before;
  return before + pick(INSERTED, next) + after;
}

/** Typed values for the option's type: such as fit, such as do not, and such as its form cannot carry. */
export function typedValues(type: OptionType, next: () => number): readonly OptionValue[] {
  const texts = [...NASTY, ...suggestedBy(type)];
  const some = (count: number): readonly string[] => Array.from({ length: count }, () => pick(texts, next));
  const scalars: readonly (string | number | boolean)[] = [true, false, 0, 5, -5, 1.5, 1e21, 65536, ...some(6)];
  const lists = [
    [],
    [""],
    ["a", ""],
    ["a,b", "c"],
    [" a"],
    ["a", 1, true],
    some(1),
    some(2),
    ["a", ...some(2)],
    ['"a"', '"b"'],
    ["x\ny"],
  ];
  const maps = [
    {},
    { a: "b" },
    { a: 1, b: true },
    { "a:b": "c" },
    { "a,b": "c" },
    { a: "b,c" },
    { " a": "b" },
    { a: "b,c:d" },
    { k: pick(texts, next) },
  ];
  return [...scalars, ...lists, ...maps];
}
