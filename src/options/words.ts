// What people read about options: types and values in plain words, and help texts in lines.
import type { JsonValue, OptionType } from "../oslo/catalogue.ts";

/** A type in plain words, with all that it constrains: `whole number, 1 to 65535`. */
export function typeWords(type: OptionType): string {
  switch (type.kind) {
    case "string":
      return stringWords(type);
    case "boolean":
      return "true or false";
    case "integer":
      return numberWords("whole number", type);
    case "port":
      return numberWords("port", { ...type, min: type.min ?? 0, max: type.max ?? 65535 });
    case "float":
      return numberWords("number", type);
    case "list":
      return `list of ${typeWords(type.item)}${type.bounds === true ? ", in square brackets" : ""}`;
    case "dict":
      return `map of text to ${typeWords(type.value)}${type.bounds === true ? ", in braces" : ""}`;
    case "range":
      return numberWords("range of whole numbers, like 1-5", type);
    case "ignored":
      return "anything (it is not used)";
    default:
      return addressWords(type);
  }
}

type Of<KIND extends OptionType["kind"]> = Extract<OptionType, { kind: KIND }>;

function stringWords(type: Of<"string">): string {
  if (type.choices !== undefined) {
    const names = type.choices.map((choice) => (choice === null ? "nothing" : choice === "" ? '""' : choice));
    return `one of ${names.join(", ")}${type.ignoreCase === true ? ", in any case of letters" : ""}`;
  }
  const limits = [
    ...(type.maxLength === undefined ? [] : [`at most ${type.maxLength} characters`]),
    ...(type.regex === undefined ? [] : [`matching /${type.regex}/`]),
  ];
  return ["text", ...limits].join(", ");
}

interface Limits {
  readonly min?: number | string;
  readonly max?: number | string;
  readonly choices?: readonly (number | string | null)[];
}

function numberWords(what: string, { min, max, choices }: Limits): string {
  if (choices !== undefined) return `one of ${choices.map((choice) => choice ?? "nothing").join(", ")}`;
  if (min !== undefined && max !== undefined) return `${what}, ${min} to ${max}`;
  if (min !== undefined) return `${what}, at least ${min}`;
  return max === undefined ? what : `${what}, at most ${max}`;
}

function addressWords(type: Of<"ip" | "host" | "hostname" | "hostdomain" | "uri" | "unchecked">): string {
  switch (type.kind) {
    case "ip":
      return `IP${version(type.version)} address`;
    case "host":
      return `host name or IP${version(type.version)} address`;
    case "hostname":
      return "host name";
    case "hostdomain":
      return `host name, domain name or IP${version(type.version)} address`;
    case "uri":
      return `URI${type.schemes === undefined ? "" : ` with ${type.schemes.join(", ")}`}${type.maxLength === undefined ? "" : `, at most ${type.maxLength} characters`}`;
    case "unchecked":
      return `${type.name} (a type of the service's own: only the service can judge it)`;
  }
}

function version(number: 4 | 6 | undefined): string {
  return number === undefined ? "" : `v${number}`;
}

/** A value as a Cloud would say it in one line; text is in quotes where it would read as nothing or as something else. */
export function valueWords(value: JsonValue | undefined): string {
  if (value === undefined || value === null) return "none";
  if (typeof value === "string") return /^\s|\s$|^$|\n/.test(value) ? JSON.stringify(value) : value;
  if (typeof value !== "object") return String(value);
  return JSON.stringify(value);
}

/**
 * Help of oslo.config in lines of at most `width` characters. Paragraphs are filled anew; items of lists keep their
 * marks, and what is indented (examples) stays as it is.
 */
export function wrapHelp(text: string, width: number): string[] {
  const paragraphs = dedent(text).split(/\n\s*\n/);
  return paragraphs.flatMap((paragraph, index) => [
    ...(index === 0 ? [] : [""]),
    ...blocks(paragraph).flatMap((block) => wrap(block, width)),
  ]);
}

function dedent(text: string): string {
  const lines = text.replaceAll("\t", "    ").trim().split("\n");
  const indents = lines.slice(1).filter((line) => line.trim() !== "");
  const common = Math.min(...indents.map((line) => /^ */.exec(line)?.[0].length ?? 0));
  return lines.map((line, index) => (index === 0 ? line : line.slice(indents.length === 0 ? 0 : common))).join("\n");
}

const MARK = /^( *)([*+-]|\d+[.)]|:\w[^:]*:)\s+/;

interface Block {
  readonly first: string;
  readonly rest: string;
  readonly text: string;
  readonly fixed: boolean;
}

/** Lines of a paragraph that belong together: those of a list's item, those of plain text; an indented one alone. */
function blocks(paragraph: string): Block[] {
  const found: Block[] = [];
  for (const line of paragraph.split("\n")) {
    const mark = MARK.exec(line);
    const last = found.at(-1);
    const indent = /^ */.exec(line)?.[0] ?? "";
    if (mark !== null) {
      const first = `${mark[1]}${mark[2]} `;
      found.push({ first, rest: " ".repeat(first.length), text: line.slice(mark[0].length), fixed: false });
    } else if (last !== undefined && !last.fixed && indent.length === last.rest.length) {
      found.splice(-1, 1, { ...last, text: `${last.text} ${line.trim()}` });
    } else if (indent === "") found.push({ first: "", rest: "", text: line.trim(), fixed: false });
    else found.push({ first: indent, rest: indent, text: line.trim(), fixed: true });
  }
  return found;
}

function wrap({ first, rest, text, fixed }: Block, width: number): string[] {
  if (fixed) return [first + text];
  const lines: string[] = [];
  let line = first;
  let bare = true;
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (!bare && line.length + 1 + word.length > width) {
      lines.push(line);
      line = rest;
      bare = true;
    }
    line = bare ? line + word : `${line} ${word}`;
    bare = false;
  }
  return [...lines, line.trimEnd()];
}
