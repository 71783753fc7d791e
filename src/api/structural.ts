import { z } from "zod";

/** A structural schema as a CustomResourceDefinition holds it. */
export interface JsonSchema {
  readonly type?: string;
  readonly format?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema;
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly [keyword: string]: unknown;
}

const INT32_MAX = 2 ** 31 - 1;
/** Kept as they are; everything else that zod writes is rewritten or has no place in a structural schema. */
const KEPT = [
  "type",
  "description",
  "required",
  "enum",
  "pattern",
  "minLength",
  "maxLength",
  "minItems",
  "maxItems",
  "minimum",
  "maximum",
];

/**
 * Rewrites zod's schema of what users may write into a structural one. Defaults are told in the description and not
 * stored: a stored default would freeze today's, and belong to nobody in server-side apply.
 */
export function structuralSchema(schema: z.ZodType): JsonSchema {
  return rewrite(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input", reused: "inline" }) as JsonSchema);
}

function rewrite(schema: JsonSchema): JsonSchema {
  const description = describe(schema);
  if ("anyOf" in schema || "oneOf" in schema) {
    // Only an option's value is a union; its type is judged against the release's catalogue, not here.
    return { ...(description === undefined ? {} : { description }), "x-kubernetes-preserve-unknown-fields": true };
  }
  const kept = Object.entries(schema).filter(([key]) => KEPT.includes(key) || key.startsWith("x-kubernetes-"));
  return {
    ...Object.fromEntries(kept),
    ...(description === undefined ? {} : { description }),
    ...(schema.type === "integer" ? integer(schema) : {}),
    ...(schema.properties === undefined ? {} : { properties: mapValues(schema.properties, rewrite) }),
    ...(schema.items === undefined ? {} : { items: rewrite(schema.items) }),
    ...(schema.additionalProperties instanceof Object
      ? { additionalProperties: rewrite(schema.additionalProperties) }
      : {}),
  };
}

function integer(schema: JsonSchema): JsonSchema {
  const small = schema.maximum !== undefined && schema.maximum <= INT32_MAX;
  return { format: small ? "int32" : "int64" };
}

function describe(schema: JsonSchema): string | undefined {
  const value = schema["default"];
  const told = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  if (!told) return schema.description;
  return [schema.description, `Default: ${value}.`].filter((part) => part !== undefined).join(" ");
}

export function mapValues<T, R>(
  record: Readonly<Record<string, T>>,
  map: (value: T, key: string) => R,
): Record<string, R> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value, key)]));
}
