// The fields of an object that one field manager set by server-side apply.
import type { Manifest } from "../api/manifest.ts";
import { isFields } from "./fields.ts";

interface Entry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
}

/**
 * Path and value of each field that `manager` applied, in order of path. What others set and the status are not among
 * them. Empty for an object that the manager never wrote. Pure.
 */
export function ownedFields(object: Manifest, manager: string): readonly (readonly [path: string, value: unknown])[] {
  const entries = object.metadata["managedFields"];
  const mine = (Array.isArray(entries) ? (entries as Entry[]) : []).filter(
    (entry) => entry.manager === manager && entry.operation === "Apply" && (entry.subresource ?? "") === "",
  );
  const found = new Map<string, unknown>();
  for (const { fieldsV1 } of mine) collect(fieldsV1, object, "", found);
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function collect(fields: unknown, value: unknown, path: string, found: Map<string, unknown>): void {
  if (!isFields(fields)) return;
  const below = Object.keys(fields).filter((key) => key !== ".");
  if (below.length === 0) {
    found.set(path, value);
    return;
  }
  for (const key of below) collect(fields[key], managedChild(value, key), `${path}/${key}`, found);
}

/** What a key of `fieldsV1` names in a value: `f:` names a field, `k:` an item by its keys, `v:` an item by its value, `i:` an item by its place. */
export function managedChild(value: unknown, key: string): unknown {
  const name = key.slice(2);
  if (key.startsWith("f:")) return isFields(value) ? value[name] : undefined;
  if (!Array.isArray(value)) return undefined;
  const items = value as readonly unknown[];
  if (key.startsWith("i:")) return items[Number(name)];
  const wanted: unknown = JSON.parse(name);
  if (key.startsWith("v:")) return items.find((item) => item === wanted);
  if (!isFields(wanted)) return undefined;
  return items.find((item) => isFields(item) && Object.entries(wanted).every(([field, one]) => item[field] === one));
}
