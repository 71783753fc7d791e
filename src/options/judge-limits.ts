import { nearest } from "../api/nearest.ts";
import type { Finding, Path } from "../api/walk.ts";
import { IniError, Verbatim, writeIni, type IniValue } from "../oslo/ini.ts";

/** Longest value of one option, in characters: no service has use for more, and regular expressions of types stay quick. */
export const MAX_VALUE = 65_536;
/** All options of a service in characters: their file is a ConfigMap, which holds 1 MiB. */
export const MAX_SERVICE = 524_288;
/** Options or policy rules of one map: several times more than any service has. */
export const MAX_ENTRIES = 5_000;
/** Looking for what was meant takes longest; whoever has more unknown names than these has another problem. */
const MAX_HINTS = 40;

/** What a name was probably meant to be, for a bounded number of names. */
export class Hints {
  #left = MAX_HINTS;

  nearest(word: string, candidates: readonly string[]): string | undefined {
    if (this.#left <= 0 || word.length > 128) return undefined;
    this.#left -= 1;
    return nearest(word, candidates);
  }
}

/** Why a value is too long, or undefined when it is not. */
export function tooLong(value: unknown): string | undefined {
  const size = sizeOf(value);
  return size > MAX_VALUE ? `at most ${MAX_VALUE} characters; given: ${size}` : undefined;
}

/** Why a file cannot carry the option, or undefined when it can. */
export function unwritable(group: string, option: string, value: unknown): string | undefined {
  const long = tooLong(value);
  if (long !== undefined) return `Allowed: ${long}`;
  try {
    writeIni({ [group]: { [option]: new Verbatim(value as Exclude<IniValue, Verbatim>) } });
    return undefined;
  } catch (error) {
    if (!(error instanceof IniError)) throw error;
    return `A configuration file cannot carry it: it ${error.why}`;
  }
}

/** Characters of a value with all that is in it. */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length;
  if (typeof value !== "object" || value === null) return String(value).length;
  let size = 0;
  for (const [key, item] of Object.entries(value)) size += key.length + sizeOf(item);
  return size;
}

/** A finding about a map that is too large to be judged; undefined when it is not. */
export function tooLarge(path: Path, value: Readonly<Record<string, unknown>>): Finding | undefined {
  const entries = Object.values(value).reduce<number>((sum, inner) => sum + countOf(inner), 0);
  const size = sizeOf(value);
  if (entries <= MAX_ENTRIES && size <= MAX_SERVICE) return undefined;
  const what = entries > MAX_ENTRIES ? `${entries} entries` : `${size} characters`;
  const most = entries > MAX_ENTRIES ? MAX_ENTRIES : MAX_SERVICE;
  const message = `It has ${what}, and at most ${most} fit into a service's configuration`;
  return { path: path.join("."), severity: "error", code: "value", message };
}

function countOf(inner: unknown): number {
  return typeof inner === "object" && inner !== null && !Array.isArray(inner) ? Object.keys(inner).length : 1;
}
