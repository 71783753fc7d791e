// oslo: the configuration files of OpenStack's services as typed data: writer and reader; pure.

export type IniScalar = string | number | boolean;
/** A list is one line with commas (ListOpt), a map one line of `key:value` pairs (DictOpt), `Multi` a line for each value (MultiOpt). */
export type IniValue = Verbatim | IniScalar | readonly IniScalar[] | Multi | { readonly [key: string]: IniScalar };
export type IniGroup = Readonly<Record<string, IniValue>>;
export type IniData = Readonly<Record<string, IniGroup>>;
/** What a file says: every value of every option in order, as text in which `$$` is a dollar. */
export type IniText = Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;

/** Repeated keys, for options of oslo's multi-valued types. */
export class Multi {
  readonly values: readonly IniScalar[];
  constructor(values: readonly IniScalar[]) {
    this.values = values;
  }
}

export function multi(...values: readonly IniScalar[]): Multi {
  return new Multi(values);
}

/** A value as an operator writes it into a file: `$name` refers to another option, and `$$` is a dollar. */
export class Verbatim {
  readonly value: Exclude<IniValue, Verbatim>;
  constructor(value: Exclude<IniValue, Verbatim>) {
    this.value = value;
  }
}

/** An option or value that the format cannot carry. */
export class IniError extends Error {
  /** Without the place. */
  readonly why: string;
  constructor(group: string, option: string, why: string) {
    super(`[${group}] ${option}: ${why}`);
    this.name = "IniError";
    this.why = why;
  }
}

/** Later groups and options win over earlier ones, option by option. */
export function mergeIni(...layers: readonly IniData[]): IniData {
  const groups = [...new Set(layers.flatMap((layer) => Object.keys(layer)))];
  return Object.fromEntries(groups.map((group) => [group, Object.assign({}, ...layers.map((layer) => layer[group]))]));
}

/**
 * The text that oslo.config reads back as the same values: DEFAULT first, then groups and options in order of name, so that
 * equal data is equal text. `$` is doubled: a reference to another option is not written, only its value.
 * @throws IniError for what the format cannot carry (line breaks at the wrong place, an option name with `=`)
 */
export function writeIni(data: IniData): string {
  const groups = Object.keys(data)
    .filter((group) => Object.keys(data[group] ?? {}).length > 0)
    .sort((left, right) => Number(right === "DEFAULT") - Number(left === "DEFAULT") || (left < right ? -1 : 1));
  return groups.map((group) => writeGroup(group, data[group] ?? {})).join("\n");
}

function writeGroup(group: string, options: IniGroup): string {
  if (!/^[^\s[\]](?:[^\n\r[\]]*[^\s[\]])?$/.test(group)) throw new IniError(group, "", "is not the name of a group");
  const lines = Object.keys(options)
    .sort()
    .flatMap((option) =>
      valueLines(group, option, options[option] ?? "").map((text) => writeOption(group, option, text)),
    );
  return `[${group}]\n${lines.join("")}`;
}

function writeOption(group: string, option: string, text: string): string {
  if (!/^[^\s=:#;[](?:[^\n\r=:]*[^\s=:])?$/.test(option))
    throw new IniError(group, option, "is not the name of an option");
  return `${option} = ${encode(group, option, text)}\n`;
}

/** The texts of a value, one for each time that its key is written. */
function valueLines(group: string, option: string, value: IniValue): readonly string[] {
  if (value instanceof Verbatim) return plainLines(value.value);
  const torn = parts(value).find((part) => /,|^\s|\s$|^$/.test(part));
  if (torn !== undefined)
    throw new IniError(group, option, "has an item that is empty or has a comma or a space at its edge");
  // `\$` is a dollar to oslo, too, so that a backslash before one needs it: `$$` would become two.
  return plainLines(value).map((text) => text.replace(/(\\?)\$/g, (_, before: string) => `${before}${before || "$"}$`));
}

function plainLines(value: Exclude<IniValue, Verbatim>): readonly string[] {
  if (value instanceof Multi) return value.values.map(scalarText);
  if (isList(value)) return [value.map(scalarText).join(",")];
  if (typeof value !== "object") return [scalarText(value)];
  return [
    Object.entries(value)
      .map(([key, item]) => `${key}:${scalarText(item)}`)
      .join(","),
  ];
}

/** Texts that share a line with others, and so must not look like its separators. */
function parts(value: Exclude<IniValue, Verbatim>): readonly string[] {
  if (typeof value !== "object" || value instanceof Multi) return [];
  return (isList(value) ? value : [...Object.keys(value), ...Object.values(value)]).map(scalarText);
}

function isList(value: Exclude<IniValue, Verbatim>): value is readonly IniScalar[] {
  return Array.isArray(value);
}

function scalarText(value: IniScalar): string {
  return typeof value === "string" ? value : String(value);
}

const EDGE_SPACE = /^\s|\s$/u;
const CONTROL = /[^\P{Cc}\n\t]/u;

/**
 * oslo strips a value and takes one pair of equal quotes away, so both are protected by a pair of our own. Further lines are
 * continuations: they begin with a space, which it strips together with what follows, and an empty one would end the value.
 */
function encode(group: string, option: string, text: string): string {
  if (CONTROL.test(text)) throw new IniError(group, option, "has a control character");
  if (!text.isWellFormed()) throw new IniError(group, option, "has half of a character, which no file can carry");
  const [first = "", ...rest] = text.split("\n");
  const broken = rest.find((line) => line === "" || EDGE_SPACE.test(line));
  if (broken !== undefined)
    throw new IniError(group, option, "has a line that is empty or begins or ends with a space");
  const quoted = EDGE_SPACE.test(first) || /^(["']).*\1$/s.test(first) || first === '"' || first === "'";
  return [quoted ? `"${first}"` : first, ...rest.map((line) => `    ${line}`)].join("\n");
}
