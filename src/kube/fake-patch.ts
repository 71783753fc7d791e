import type { JsonPatchOperation, ListQuery, WatchEvent } from "./client.ts";
import { isFields } from "./compare.ts";
import { KubeError } from "./errors.ts";
import { fieldAt, type KubeObject } from "./types.ts";
import { isDeepStrictEqual } from "node:util";

/** JSON merge patch (RFC 7396). */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return structuredClone(patch);
  const result: Record<string, unknown> = isFields(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** JSON patch (RFC 6902): add, remove, replace, test. */
export function applyJsonPatch(target: object, patch: readonly JsonPatchOperation[]): unknown {
  const result = structuredClone(target);
  for (const operation of patch) applyOne(result, operation);
  return result;
}

function applyOne(target: object, { op, path, value }: JsonPatchOperation): void {
  const parts = path
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const last = parts.pop() ?? "";
  const parent = fieldAt(target, ...parts) as Record<string, unknown> | unknown[] | undefined;
  const present = Array.isArray(parent) ? Number(last) < parent.length : parent !== undefined && last in parent;
  if (
    parent === undefined ||
    (op !== "add" && !present) ||
    (op === "test" && !isDeepStrictEqual(fieldAt(parent, last), value))
  )
    throw new KubeError(`${op} ${path}`, 422, { reason: "Invalid", message: `json patch: ${op} ${path} failed` });
  if (op === "test") return;
  if (!Array.isArray(parent)) {
    if (op === "remove") delete parent[last];
    else parent[last] = value;
  } else if (op === "add") parent.splice(last === "-" ? parent.length : Number(last), 0, value);
  else parent.splice(Number(last), 1, ...(op === "replace" ? [value] : []));
}

/** Namespace, label selector (`a=b,c!=d,e,!f`) and field selector (`metadata.name=x`) of a query. */
export function matches(object: KubeObject, query: ListQuery): boolean {
  if (query.namespace !== undefined && object.metadata.namespace !== query.namespace) return false;
  const labels = object.metadata.labels ?? {};
  const terms = (query.labelSelector ?? "").split(",").filter(Boolean);
  const fields = (query.fieldSelector ?? "").split(",").filter(Boolean);
  return (
    terms.every((term) => holds(term, (name) => labels[name])) &&
    fields.every((term) => holds(term, (name) => fieldAt(object, ...name.split(".")) as string | undefined))
  );
}

interface Change {
  readonly event: WatchEvent;
  readonly previous: KubeObject | undefined;
}

/** What who selects so sees of a change: what is no longer selected is gone, and what is selected now is new. */
export function selected({ event, previous }: Change, query: ListQuery): WatchEvent | undefined {
  const before = previous !== undefined && matches(previous, query);
  if (!matches(event.object, query)) return before ? { ...event, type: "DELETED" } : undefined;
  return event.type === "MODIFIED" && !before ? { ...event, type: "ADDED" } : event;
}

function holds(term: string, valueOf: (name: string) => string | undefined): boolean {
  const match = /^(!?)([^=!]+?)(?:(!=|==?)(.*))?$/.exec(term.trim());
  if (match === null) throw new RangeError(`the fake does not understand the selector "${term}"`);
  const [, not, name = "", operator, value] = match;
  const found = valueOf(name);
  if (operator === undefined) return (found === undefined) === (not === "!");
  return (found === value) === (operator !== "!=");
}
