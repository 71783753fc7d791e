import { nearest } from "./nearest.ts";
import type { JsonSchema } from "./structural.ts";

export type Path = readonly (string | number)[];

/** One thing that is wrong with a Cloud, or should be looked at. */
export interface Finding {
  /** In dots: `spec.services.nova.options.DEFAULT.debug`; list items by index. */
  readonly path: string;
  readonly severity: "error" | "warning";
  /** Stable name of the kind of finding, for programs. */
  readonly code: string;
  readonly message: string;
}

export type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The schema at a path, or undefined where it says nothing. */
export function schemaAt(schema: JsonSchema, path: Path): JsonSchema | undefined {
  return path.reduce<JsonSchema | undefined>((inner, key) => {
    if (typeof key === "number") return inner?.items;
    return inner?.properties?.[key] ?? inner?.additionalProperties;
  }, schema);
}

/** Calls `visit` for every value that the schema describes, outermost first. */
export function walk(
  schema: JsonSchema,
  value: unknown,
  visit: (schema: JsonSchema, value: unknown, path: Path) => void,
): void {
  const step = (inner: JsonSchema, here: unknown, path: Path): void => {
    visit(inner, here, path);
    for (const [key, child] of entries(here)) {
      const next = schemaAt(inner, [key]);
      if (next !== undefined) step(next, child, [...path, key]);
    }
  };
  step(schema, value, []);
}

function entries(value: unknown): [string | number, unknown][] {
  if (Array.isArray(value)) return [...(value as unknown[]).entries()];
  return isFields(value) ? Object.entries(value) : [];
}

/** Fields that the schema does not have, with the name that was probably meant. */
export function unknownFields(schema: JsonSchema, value: unknown): Finding[] {
  const found: Finding[] = [];
  walk(schema, value, (inner, here, path) => {
    if (inner.properties === undefined || !isFields(here)) return;
    const known = Object.keys(inner.properties);
    for (const key of Object.keys(here).filter((name) => !Object.hasOwn(inner.properties ?? {}, name))) {
      const meant = nearest(key, known);
      const hint =
        meant === undefined
          ? `Fields here: ${known.join(", ")}.`
          : `Did you mean ${meant}? Example: ${example(inner, meant)}`;
      found.push({
        path: [...path, key].join("."),
        severity: "error",
        code: "unknown-field",
        message: `There is no field "${key}" here. ${hint}`,
      });
    }
  });
  return found;
}

/** Items of a list that have the same key: the list is a map by it. */
export function duplicates(schema: JsonSchema, value: unknown): Finding[] {
  const found: Finding[] = [];
  walk(schema, value, (inner, here, path) => {
    const keys = inner["x-kubernetes-list-map-keys"] as readonly string[] | undefined;
    if (keys === undefined || !Array.isArray(here)) return;
    const seen = new Map<string, number>();
    for (const [index, item] of (here as unknown[]).entries()) {
      const name = keys.map((key) => (isFields(item) ? String(item[key]) : "")).join(" ");
      const before = seen.get(name);
      if (before === undefined) seen.set(name, index);
      else
        found.push({
          path: [...path, index, keys[0]].join("."),
          severity: "error",
          code: "duplicate-name",
          message: `"${name}" is item ${before} of this list already: each ${keys.join(" and ")} appears once. Example: give one of them another name`,
        });
    }
  });
  return found;
}

/** How a field may be written, from its schema: `profile: Minimal`. */
export function example(owner: JsonSchema, field: string): string {
  const schema = owner.properties?.[field] ?? {};
  return `${field}: ${exampleValue(schema)}`;
}

export function exampleValue(schema: JsonSchema): string {
  const told = /(?:for example|like|Default:|last:) ([^\s,;]+?)[.,;]?(?:\s|$)/.exec(schema.description ?? "")?.[1];
  if (schema["x-kubernetes-preserve-unknown-fields"] === true) return "true";
  if (schema.enum !== undefined) return String(schema.enum[0]);
  if (schema.type === "boolean") return told ?? "true";
  if (schema.type === "object") return exampleObject(schema);
  if (schema.type === "array") return schema.items === undefined ? "[]" : `[${exampleValue(schema.items)}]`;
  if (schema.type === "integer" || schema.type === "number") {
    return told !== undefined && /^\d+$/.test(told) ? told : String(Math.max(schema.minimum ?? 1, 1));
  }
  if (told === undefined) return "text";
  return /^[0-9.]+$/.test(told) ? `"${told}"` : told;
}

function exampleObject(schema: JsonSchema): string {
  const names = schema.required ?? Object.keys(schema.properties ?? {}).slice(0, 1);
  return `{${names.map((name) => example(schema, name)).join(", ")}}`;
}
