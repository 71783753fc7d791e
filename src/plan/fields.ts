import { canonicalJson } from "../content/canonical.ts";

/** One field that a change sets, changes or takes away. */
export interface FieldChange {
  /** `spec.template.spec.containers[api].image`; a key with a dot stands in brackets and quotes. */
  readonly path: string;
  /** Absent: the field is new. */
  readonly before?: unknown;
  /** Absent: the field goes. */
  readonly after?: unknown;
}

type Fields = Readonly<Record<string, unknown>>;

/** What names the items of Kubernetes' lists, the first that all items have: then an item is found wherever it stands. */
const ITEM_KEYS = ["name", "mountPath", "containerPort", "topologyKey", "type", "ip", "uid"];

/** Every place where two values differ, the innermost that says it; empty for equal ones. Pure. */
export function fieldChanges(before: unknown, after: unknown, path = ""): FieldChange[] {
  if (isFields(before) && isFields(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => fieldChanges(own(before, key), own(after, key), joined(path, key)));
  }
  if (Array.isArray(before) && Array.isArray(after)) return listChanges(before, after, path);
  if (canonicalJson(before) === canonicalJson(after)) return [];
  return [{ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) }];
}

function listChanges(before: readonly unknown[], after: readonly unknown[], path: string): FieldChange[] {
  const key = ITEM_KEYS.find((name) => names(before, name) && names(after, name));
  if (key === undefined) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      fieldChanges(before[index], after[index], `${path}[${index}]`),
    );
  }
  const [was, is] = [byKey(before, key), byKey(after, key)];
  const found = [...new Set([...was.keys(), ...is.keys()])].flatMap((name) =>
    fieldChanges(was.get(name), is.get(name), `${path}[${name}]`),
  );
  const kept = [...was.keys()].filter((name) => is.has(name));
  const order = [...is.keys()].filter((name) => was.has(name));
  const moved = kept.join("\0") !== order.join("\0");
  return moved ? [...found, { path: `${path}[] (order)`, before: kept, after: order }] : found;
}

/** All items are objects, each with another text or number at `key`. */
function names(items: readonly unknown[], key: string): boolean {
  const found = items.map((item) => (isFields(item) ? own(item, key) : undefined));
  const plain = found.every((name) => typeof name === "string" || typeof name === "number");
  return plain && new Set(found.map(String)).size === items.length;
}

function byKey(items: readonly unknown[], key: string): Map<string, unknown> {
  return new Map(items.map((item) => [String((item as Fields)[key]), item]));
}

function own(fields: Fields, key: string): unknown {
  return Object.hasOwn(fields, key) ? fields[key] : undefined;
}

function joined(path: string, key: string): string {
  const plain = key !== "" && !/[.[\]"]/.test(key);
  if (!plain) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

export function isFields(value: unknown): value is Fields {
  return value !== null && typeof value === "object" && !Array.isArray(value);
}
