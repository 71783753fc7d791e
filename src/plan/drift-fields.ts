import type { DriftField } from "./drift.ts";
import { isFields } from "./fields.ts";
import type { Keyed } from "./secrets.ts";

/** One place where an object is not as it was planned. */
export interface Differing {
  readonly path: string;
  readonly wanted: unknown;
  readonly found: unknown;
}

export interface Hiding {
  /** The object is a Secret: of its data only keyed hashes are told. */
  readonly secret: boolean;
  readonly keyed: Keyed;
  /** True for text that holds a value which is nobody's business. */
  readonly holdsSecret: (text: string) => boolean;
}

const MOST_FIELDS = 20;
const MOST_LINES = 5;
/** Characters of one value, and of a path. */
const MOST_TEXT = 200;
/** A line of configuration, or the name of a variable, that tells a secret. */
const SECRETIVE = /(pass(word|wd)?|secret|token|credential|private_?key|api_?key|transport_url|connection)/i;

/** The differing fields as they are kept: short, and without a secret. Pure. */
export function driftFields(differing: readonly Differing[], hiding: Hiding): readonly DriftField[] {
  return differing.slice(0, MOST_FIELDS).map(({ path, wanted, found }) => {
    const [was, is] = pair(path, { wanted, found }, hiding);
    return {
      path: cut(path, hiding),
      ...(was === undefined ? {} : { was }),
      ...(is === undefined ? {} : { is }),
    };
  });
}

function pair(
  path: string,
  { wanted, found }: { readonly wanted: unknown; readonly found: unknown },
  hiding: Hiding,
): readonly (string | undefined)[] {
  const both = [wanted, found];
  if (hiding.secret && /^(data|stringData)\b/.test(path)) return both.map((value) => hashed(value, hiding));
  if (typeof wanted === "string" && typeof found === "string" && `${wanted}${found}`.includes("\n"))
    return changedLines(wanted, found).map((lines) => cut(lines.map(masked(hiding)).join("\n"), hiding));
  const [, variable = ""] = /\benv\[([^\]]*)\]/.exec(path) ?? [];
  return both.map((value) => (SECRETIVE.test(variable) ? hashed(value, hiding) : shown(value, hiding)));
}

function hashed(value: unknown, { keyed }: Hiding): string | undefined {
  if (value === undefined || value === null) return undefined;
  return keyed(typeof value === "string" ? value : JSON.stringify(value));
}

function shown(value: unknown, hiding: Hiding): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") return cut(JSON.stringify(withoutSecrets(value, hiding)), hiding);
  return cut(value.split("\n").map(masked(hiding)).join("\n"), hiding);
}

/** Values of variables in a whole container that was added. */
function withoutSecrets(value: unknown, hiding: Hiding): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutSecrets(item, hiding));
  if (!isFields(value)) return value;
  const secretive = typeof value["name"] === "string" && SECRETIVE.test(value["name"]);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      secretive && key === "value" ? hashed(inner, hiding) : withoutSecrets(inner, hiding),
    ]),
  );
}

/** Lines that only one of the two texts has. */
function changedLines(was: string, is: string): readonly (readonly string[])[] {
  const [before, after] = [was.split("\n"), is.split("\n")];
  const only = (lines: readonly string[], others: readonly string[]): string[] => {
    const found = lines.filter((line) => !others.includes(line));
    const more = found.length > MOST_LINES ? [`(${found.length - MOST_LINES} more lines)`] : [];
    return [...found.slice(0, MOST_LINES), ...more];
  };
  return [only(before, after), only(after, before)];
}

function masked({ keyed }: Hiding): (line: string) => string {
  return (line) => {
    const [, name = "", value = ""] = /^([^=:]*[=:]\s*)(.+)$/.exec(line) ?? [];
    return value !== "" && SECRETIVE.test(name) ? `${name}${keyed(value)}` : line;
  };
}

/** What holds a secret is hidden as a whole; what is long is cut after that, so that no part of one is left. */
function cut(text: string, { keyed, holdsSecret }: Hiding): string {
  if (holdsSecret(text)) return keyed(text);
  return text.length <= MOST_TEXT ? text : `${text.slice(0, MOST_TEXT - 1)}…`;
}
