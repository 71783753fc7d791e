// Types of oslo.config as JSON Schema. Never narrower than oslo.config: what a schema cannot say, it allows.
import type { CatalogueOption, OptionType } from "../oslo/catalogue.ts";

/** A JSON Schema as editors read it. */
export interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly description?: string;
  readonly [keyword: string]: unknown;
}

/** `$name` refers to another option, whose value is not known here. */
const REFERENCE = { type: "string", pattern: "\\$" };
const SCALAR = { type: ["string", "number", "boolean"] };

/** How the option may be written in a Cloud. */
export function optionSchema({ type, multi }: Pick<CatalogueOption, "type" | "multi">): Schema {
  const one = typeSchema(type);
  return multi === true ? { anyOf: [{ type: "array", items: one }, one] } : one;
}

function typeSchema(type: OptionType): Schema {
  switch (type.kind) {
    case "boolean":
      return { anyOf: [{ type: "boolean" }, { enum: [0, 1] }, BOOLEAN_TEXT, REFERENCE] };
    case "integer":
      return whole(type);
    case "port":
      return whole({ ...type, min: type.min ?? 0, max: type.max ?? 65535 });
    case "float":
      return { anyOf: [{ type: "number", ...limits(type) }, FLOAT_TEXT, REFERENCE] };
    case "string":
      return text(type);
    case "list":
      return { anyOf: [{ type: "array", items: scalar(type.item) }, SCALAR] };
    case "dict":
      return { anyOf: [{ type: "object", additionalProperties: scalar(type.value) }, { type: "string" }] };
    case "range":
      return { type: ["string", "integer"] };
    case "unchecked":
      return {};
    default:
      return SCALAR;
  }
}

/** An item of a list or a map is one value: lists in lists are written as text. */
function scalar(type: OptionType): Schema {
  return type.kind === "list" || type.kind === "dict" || type.kind === "unchecked" ? SCALAR : typeSchema(type);
}

const BOOLEAN_TEXT = {
  type: "string",
  pattern: `^\\s*(${["true", "false", "yes", "no", "on", "off", "[01]"].map(anyCase).join("|")}|)\\s*$`,
};
// What Python's int() and float() read, in broad terms: digits of any script, underscores between them, or nothing.
const OTHER_SCRIPTS = "[^\\u0000-\\u007f]";
const WHOLE_TEXT = { type: "string", pattern: `^[\\d\\s_+\\-]*$|${OTHER_SCRIPTS}` };
const FLOAT_WORDS = ["inf", "infinity", "nan"].map(anyCase).join("|");
const FLOAT_TEXT = {
  type: "string",
  pattern: `^[\\d\\s_+\\-.eE]*$|^\\s*[-+]?(${FLOAT_WORDS})\\s*$|${OTHER_SCRIPTS}`,
};

function anyCase(word: string): string {
  return word.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

function whole(type: Extract<OptionType, { kind: "integer" | "port" }>): Schema {
  const { choices } = type;
  if (choices !== undefined) {
    const values = choices.filter((choice) => choice !== null);
    return { anyOf: [{ enum: values }, WHOLE_TEXT, REFERENCE] };
  }
  return { anyOf: [{ type: "integer", ...limits(type) }, WHOLE_TEXT, REFERENCE] };
}

function limits({ min, max }: { readonly min?: number | string; readonly max?: number | string }): Schema {
  return {
    ...(typeof min === "number" ? { minimum: min } : {}),
    ...(typeof max === "number" ? { maximum: max } : {}),
  };
}

function text(type: Extract<OptionType, { kind: "string" }>): Schema {
  if (type.choices !== undefined) return choices(type.choices, type.ignoreCase === true);
  const pattern = sharedPattern(type.regex);
  const length = type.maxLength === undefined ? {} : { maxLength: type.maxLength };
  if (pattern === undefined && type.maxLength === undefined) return SCALAR;
  return { anyOf: [{ ...SCALAR, ...length, ...(pattern === undefined ? {} : { pattern }) }, REFERENCE] };
}

function choices(all: readonly (string | null)[], ignoreCase: boolean): Schema {
  const names = all.filter((choice) => choice !== null);
  // `1` in YAML is a number, and `true` is none of text.
  const bare = names.flatMap((name) =>
    /^(true|false|0|[1-9]\d{0,8})$/.test(name) ? [JSON.parse(name) as unknown] : [],
  );
  const cased = ignoreCase ? [{ type: "string", pattern: `^(${names.map((name) => loose(name)).join("|")})$` }] : [];
  return { anyOf: [{ enum: [...names, ...bare] }, ...cased, REFERENCE] };
}

function loose(name: string): string {
  const escaped = name.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  return escaped.replaceAll(/[A-Za-z]/g, (letter) => `[${letter.toLowerCase()}${letter.toUpperCase()}]`);
}

/** A pattern of Python's that means the same in JavaScript; undefined when one cannot be sure. */
function sharedPattern(regex: string | undefined): string | undefined {
  if (regex === undefined || !/^[\w\s^$.|()[\]*+?{},:/@=<>"'#%&;~!-]*$|\\[dwsDWS./-]/.test(regex)) return undefined;
  if (/\(\?|\\[AZbBGpP0-9]|\[\^?\]|\[\[/.test(regex)) return undefined;
  try {
    return new RegExp(regex, "u").source;
  } catch {
    return undefined;
  }
}
