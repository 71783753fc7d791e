// What Python's str, int and float do with texts where JavaScript's differ (CPython 3.13, Unicode 15.1).
import type { JsonValue } from "./catalogue.ts";

/** The zeros of all decimal digits; each begins a run of ten. */
// prettier-ignore
export const DIGIT_ZEROS: readonly number[] = [
  0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
  0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900,
  0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
  0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce,
  0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e950, 0x1fbf0,
];

const SPACE = "\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACES = new RegExp(`^[${SPACE}]$`);

/** `str.isspace` of one character. */
export function isSpace(character: string): boolean {
  return SPACES.test(character);
}

/** `str.strip()` */
export function strip(text: string): string {
  return lstrip(rstrip(text));
}

/** `str.lstrip()` */
export function lstrip(text: string): string {
  let start = 0;
  while (start < text.length && isSpace(text.charAt(start))) start += 1;
  return text.slice(start);
}

/** `str.rstrip()` */
export function rstrip(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** `len(text)`: characters, not units of UTF-16. */
export function length(text: string): number {
  return text.replace(/[\ud800-\udbff][\udc00-\udfff]/g, "_").length;
}

/** Value of a decimal digit of any script; undefined for other characters. */
export function digit(codePoint: number): number | undefined {
  if (codePoint < 0x80) return codePoint >= 0x30 && codePoint <= 0x39 ? codePoint - 0x30 : undefined;
  const zero = DIGIT_ZEROS.findLast((start) => start <= codePoint) ?? 0;
  return codePoint - zero < 10 ? codePoint - zero : undefined;
}

/** CPython's limit against slow conversions: sys.int_info.default_max_str_digits. */
const MAX_DIGITS = 4300;

/** `int(text)`: any script's digits, underscores between digits, spaces around; undefined where Python raises ValueError. */
export function parseInteger(text: string): bigint | undefined {
  const plain = plainNumber(text);
  if (!/^[+-]?[0-9]+(?:_[0-9]+)*$/.test(plain)) return undefined;
  const digits = plain.replace(/[+_-]/g, "");
  if (digits.length > MAX_DIGITS) return undefined;
  return plain.startsWith("-") ? -BigInt(digits) : BigInt(digits);
}

/** `float(text)`; undefined where Python raises ValueError. */
export function parseFloat(text: string): number | undefined {
  const plain = plainNumber(text).replace(/(?<=[0-9])_(?=[0-9])/g, "");
  const [, sign, word] = /^([+-]?)(inf|infinity|nan)$/i.exec(plain) ?? [];
  if (word !== undefined) return word.toLowerCase() === "nan" ? NaN : sign === "-" ? -Infinity : Infinity;
  return /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?$/i.test(plain) ? Number(plain) : undefined;
}

/** Digits of all scripts as ASCII; spaces gone from the edges: all of Unicode's, but of ASCII's only those of C's isspace. */
function plainNumber(text: string): string {
  if (/^[\t-\r -~]*$/.test(text)) return stripC(text);
  const ascii = Array.from(text, (character) => {
    if (character <= "\x7f") return character;
    return isSpace(character) ? " " : String(digit(character.codePointAt(0) ?? 0) ?? "?");
  });
  return stripC(ascii.join(""));
}

/** Without the spaces of C's isspace at the edges, of which U+001C to U+001F are none. */
function stripC(text: string): string {
  const start = text.search(/[^\t-\r ]/);
  if (start < 0) return "";
  let end = text.length;
  while (/[\t-\r ]/.test(text.charAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** `repr(text)` */
export function reprText(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return quote + Array.from(text, (character) => reprCharacter(character, quote)).join("") + quote;
}

function reprCharacter(character: string, quote: string): string {
  if (character === quote || character === "\\") return `\\${character}`;
  const named = { "\n": "\\n", "\r": "\\r", "\t": "\\t" }[character];
  if (named !== undefined) return named;
  if (character === " " || !/[\p{C}\p{Z}]/u.test(character)) return character;
  const code = character.codePointAt(0) ?? 0;
  const hex = (size: number): string => code.toString(16).padStart(size, "0");
  return code < 0x100 ? `\\x${hex(2)}` : code < 0x10000 ? `\\u${hex(4)}` : `\\U${hex(8)}`;
}

/** `repr(value)` of a float: an exponent from 1e16 up and below 1e-4. */
export function reprFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  const [mantissa = "", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (value !== 0 && (exponent < -4 || exponent >= 16)) {
    const size = String(Math.abs(exponent)).padStart(2, "0");
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${size}`;
  }
  const plain = Object.is(value, -0) ? "-0" : plainDecimal(value, exponent);
  return plain.includes(".") ? plain : `${plain}.0`;
}

function plainDecimal(value: number, exponent: number): string {
  return exponent < 0 ? value.toFixed(decimals(value, exponent)) : String(value);
}

/** Digits after the point that the shortest form of a number below 1 has. */
function decimals(value: number, exponent: number): number {
  const mantissa = value.toExponential().split("e")[0] ?? "";
  return mantissa.replace(/[-.]/g, "").length - 1 - exponent;
}

/** A whole number as JSON carries it: text beyond 2^53. */
export function integerValue(value: bigint): JsonValue {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
}

/** A float as JSON carries it. */
export function floatValue(value: number): JsonValue {
  return Number.isFinite(value) ? value : reprFloat(value);
}
