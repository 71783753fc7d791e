// A value for an option, as an example in help: one that oslo.config takes.
import type { CatalogueOption, JsonValue, OptionType } from "../oslo/catalogue.ts";

/** The part of a Cloud that sets the option, to another value than its default where one is at hand. */
export function exampleCloud(option: CatalogueOption, service: string): JsonValue {
  const { group, name } = option;
  const key = `${group}.${name}`.replaceAll(/[^-._a-zA-Z0-9]/g, "-");
  const fields: JsonValue =
    option.secret === true
      ? { secretOptions: [{ group, option: name, secretRef: { name: `${service}-options`, key } }] }
      : { options: { [group]: { [name]: exampleValue(option) } } };
  return { spec: { services: { [service]: fields } } };
}

function exampleValue({ type, multi, default: usual, sampleDefault, fromMachine }: CatalogueOption): JsonValue {
  const shown = fromMachine === true ? undefined : (usual ?? sampleDefault);
  if (multi === true) return isScalars(shown) && shown.length > 0 ? shown : [exampleItem(type)];
  return exampleOf(type, shown);
}

function exampleOf(type: OptionType, usual: JsonValue | undefined): JsonValue {
  switch (type.kind) {
    case "boolean":
      return usual !== true;
    case "integer":
    case "port":
    case "float":
      return exampleNumber(type, usual);
    case "list":
      return isScalars(usual) && usual.length > 0 ? usual : [exampleItem(type.item)];
    case "dict":
      return isMap(usual) && isScalars(Object.values(usual)) && Object.keys(usual).length > 0
        ? usual
        : { name: exampleItem(type.value) };
    case "string":
      return type.choices?.find((choice) => choice !== usual && choice !== null && choice !== "") ?? textOf(usual);
    case "uri":
      return typeof usual === "string" ? usual : `${type.schemes?.[0] ?? "https"}://host.example`;
    default:
      return typeof usual === "string" ? usual : EXAMPLES[type.kind];
  }
}

/** In a list or a map another one is written as text. */
function exampleItem(type: OptionType): JsonValue {
  if (type.kind === "list") return type.bounds === true ? `[${exampleText(type.item)}]` : exampleText(type.item);
  if (type.kind !== "dict") return exampleOf(type, undefined);
  const pair = `name:${exampleText(type.value)}`;
  return type.bounds === true ? `{${pair}}` : pair;
}

function exampleText(type: OptionType): string {
  const item = exampleItem(type);
  return typeof item === "string" ? item : JSON.stringify(item);
}

function textOf(usual: JsonValue | undefined): JsonValue {
  return typeof usual === "object" || usual === undefined || usual === "" ? "text" : usual;
}

function isScalars(value: JsonValue | undefined): value is readonly (string | number | boolean)[] {
  return Array.isArray(value) && value.every((item) => item !== null && typeof item !== "object");
}

const EXAMPLES = {
  range: "1-5",
  ip: "192.0.2.1",
  host: "host.example",
  hostname: "host",
  hostdomain: "host.example",
  unchecked: "text",
  ignored: "text",
} as const;

function exampleNumber(
  type: Extract<OptionType, { kind: "integer" | "port" | "float" }>,
  usual: JsonValue | undefined,
): JsonValue {
  const choice = "choices" in type ? type.choices?.find((one) => one !== usual && one !== null) : undefined;
  if (choice !== undefined) return choice;
  const [min, max] = [Number(type.min ?? -Infinity), Number(type.max ?? Infinity)];
  const wanted = typeof usual === "number" && usual > 0 ? usual * 2 : type.kind === "float" ? 1.5 : 10;
  const found = Math.min(Math.max(wanted, min), max);
  return found === usual && found - 1 >= min ? found - 1 : found;
}

function isMap(value: JsonValue | undefined): value is Readonly<Record<string, JsonValue>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
