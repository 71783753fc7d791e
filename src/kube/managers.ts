import { isFields, KEYED } from "./compare.ts";
import { fieldAt, type KubeObject } from "./types.ts";

/** Who wrote a field, by what the API server keeps in `metadata.managedFields`. */
export interface Writer {
  readonly manager: string;
  /** When it wrote last, ISO 8601 with whole seconds. */
  readonly time?: string;
}

interface Entry {
  readonly manager?: string;
  readonly time?: string;
  readonly fieldsV1?: unknown;
}

/**
 * Who wrote last of those that own a field at one of `paths`, which are written as in a `Difference`; `except` is left
 * out. Undefined where nobody does: what was removed has no owner. Pure.
 */
export function lastWriter(object: KubeObject, paths: readonly string[], except?: string): Writer | undefined {
  const entries = (fieldAt(object, "metadata", "managedFields") ?? []) as readonly Entry[];
  const owners = entries.filter(
    ({ manager, fieldsV1 }) => manager !== except && paths.some((path) => owns(fieldsV1, path, "")),
  );
  const [last] = owners.toSorted((a, b) => ((a.time ?? "") < (b.time ?? "") ? 1 : -1));
  if (last === undefined) return undefined;
  return { manager: last.manager ?? "", ...(last.time === undefined ? {} : { time: last.time }) };
}

/** True when the fields hold what is at the path, all of it or a part. `list` is the name of the list that they are in. */
function owns(fields: unknown, path: string, list: string): boolean {
  if (!isFields(fields)) return false;
  if (path === "") return true;
  const names = Object.keys(fields).filter((key) => key !== ".");
  // A list or map that is owned as a whole names nothing below it.
  if (names.length === 0) return true;
  return path.startsWith("[") ? ownsItem(fields, path, list) : ownsField(fields, path);
}

/** Keys may have dots: all that fit are tried. */
function ownsField(fields: Readonly<Record<string, unknown>>, path: string): boolean {
  return Object.entries(fields).some(([key, inner]) => {
    if (!key.startsWith("f:")) return false;
    const name = key.slice(2);
    if (path !== name && !path.startsWith(`${name}.`) && !path.startsWith(`${name}[`)) return false;
    return owns(inner, path.slice(name.length).replace(/^\./, ""), name);
  });
}

function ownsItem(fields: Readonly<Record<string, unknown>>, path: string, list: string): boolean {
  return Object.entries(fields).some(([key, inner]) => {
    const start = `[${itemName(key, list)}]`;
    return path.startsWith(start) && owns(inner, path.slice(start.length).replace(/^\./, ""), "");
  });
}

/** `k:{"name":"api"}` is the item that a `Difference` calls `[api]`, `i:0` is `[0]`. */
function itemName(key: string, list: string): string {
  if (!key.startsWith("k:")) return key.slice(2);
  const keys: unknown = JSON.parse(key.slice(2));
  const keyOf = KEYED[list];
  return keyOf !== undefined && isFields(keys) ? String(keyOf(keys)) : "";
}
