import { isFields } from "./compare.ts";
import { fieldAt, type KubeObject } from "./types.ts";

interface Entry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
}

/**
 * The fields of an object that one manager applied, as it would apply them again; undefined when it applied none. What
 * others set is left out. Pure.
 */
export function appliedBy(object: KubeObject, manager: string): Readonly<Record<string, unknown>> | undefined {
  const entries = (fieldAt(object, "metadata", "managedFields") ?? []) as readonly Entry[];
  const own = entries.find(
    (entry) => entry.manager === manager && entry.operation === "Apply" && (entry.subresource ?? "") === "",
  );
  if (own === undefined) return undefined;
  const { apiVersion, kind, metadata } = object;
  const fields = part(own.fieldsV1, object) as Readonly<Record<string, unknown>>;
  const given = isFields(fields["metadata"]) ? fields["metadata"] : {};
  const place = metadata.namespace === undefined ? {} : { namespace: metadata.namespace };
  return { ...fields, apiVersion, kind, metadata: { ...given, name: metadata.name, ...place } };
}

/** What the fields name of a value; all of it where they name nothing below it. */
function part(fields: unknown, value: unknown): unknown {
  if (!isFields(fields)) return value;
  const names = Object.keys(fields).filter((key) => key !== ".");
  if (names.length === 0) return value;
  if (Array.isArray(value)) return items(fields, value);
  if (!isFields(value)) return value;
  return Object.fromEntries(
    names.flatMap((key) => {
      const name = key.slice(2);
      return key.startsWith("f:") && Object.hasOwn(value, name)
        ? [[name, part(fields[key], value[name])] as const]
        : [];
    }),
  );
}

/** `k:` names an item by its keys, `v:` by its value, `i:` by its place. */
function items(fields: Readonly<Record<string, unknown>>, list: readonly unknown[]): unknown[] {
  return list.flatMap((item, index) => {
    const key = Object.keys(fields).find((name) => {
      if (name === `i:${index}`) return true;
      if (name.startsWith("v:")) return JSON.parse(name.slice(2)) === item;
      if (!name.startsWith("k:") || !isFields(item)) return false;
      return Object.entries(JSON.parse(name.slice(2)) as object).every(([field, wanted]) => item[field] === wanted);
    });
    return key === undefined ? [] : [part(fields[key], item)];
  });
}
