// What leads a Cloud back to what it was before a plan, and keeps what was changed since.
import { CLOUD_STRUCTURE } from "../api/crd.ts";
import type { CloudSpec } from "../api/cloud.ts";
import type { JsonSchema } from "../api/structural.ts";
import { canonicalJson } from "../content/canonical.ts";
import { isFields } from "./fields.ts";

/** A part of a path: a field, or the item of a list that has these keys. */
export type PathPart = string | Readonly<Record<string, unknown>>;
export type Path = readonly PathPart[];

/** A field to set; without a value it is to go. */
export interface FieldEdit {
  readonly path: Path;
  readonly value?: unknown;
}

/** A field that the plan changed and that somebody changed since: nobody knows what it should be. */
export interface Conflict {
  readonly path: Path;
  /** What it is now, what the plan made it, what it was before. */
  readonly now?: unknown;
  readonly made?: unknown;
  readonly before?: unknown;
}

export interface TakenBack {
  readonly edits: readonly FieldEdit[];
  readonly conflicts: readonly Conflict[];
}

type Spec = Readonly<Record<string, unknown>>;

/**
 * What of a Cloud's present spec leads back from `made` to `before`, where nobody changed it since. How changes are made
 * and what is done about drift is not touched. All specs have their defaults filled in. Pure.
 */
export function takeBack(plan: { readonly before: CloudSpec; readonly made: CloudSpec }, now: CloudSpec): TakenBack {
  const schema = CLOUD_STRUCTURE.properties?.["spec"];
  const walk: Walk = { edits: [], conflicts: [] };
  const sides = { before: settled(plan.before), made: settled(plan.made), now: settled(now) };
  compare(sides, schema, [], walk);
  return walk;
}

function settled({ change: _change, drift: _drift, ...rest }: CloudSpec): Spec {
  return rest;
}

interface Walk {
  readonly edits: FieldEdit[];
  readonly conflicts: Conflict[];
}

interface Sides {
  readonly before: unknown;
  readonly made: unknown;
  readonly now: unknown;
}

function compare(sides: Sides, schema: JsonSchema | undefined, path: Path, walk: Walk): void {
  const { before, made, now } = sides;
  if (same(made, before) || same(now, before)) return;
  const keys = schema?.["x-kubernetes-list-map-keys"] as readonly string[] | undefined;
  const whole = same(now, made) && (before === undefined || made === undefined);
  if (!whole && isFields(now) && fieldsOrNone(before) && fieldsOrNone(made)) {
    const all = new Set([before, made, now].flatMap((one) => Object.keys((one ?? {}) as Spec)));
    for (const key of all) {
      const inner = { before: own(before, key), made: own(made, key), now: own(now, key) };
      compare(inner, schema?.properties?.[key] ?? schema?.additionalProperties, [...path, key], walk);
    }
  } else if (!whole && keys !== undefined && Array.isArray(now) && listOrNone(before) && listOrNone(made)) {
    compareItems(sides, { keys, item: schema?.items }, path, walk);
  } else if (same(now, made)) {
    walk.edits.push({ path, ...(before === undefined ? {} : { value: before }) });
  } else {
    const told = Object.entries({ now, made, before }).filter(([, value]) => value !== undefined);
    walk.conflicts.push({ path, ...Object.fromEntries(told) });
  }
}

function compareItems(
  { before, made, now }: Sides,
  { keys, item }: { readonly keys: readonly string[]; readonly item: JsonSchema | undefined },
  path: Path,
  walk: Walk,
): void {
  const [was, did, is] = [before, made, now].map((list) => itemsByKey(list, keys)) as [Items, Items, Items];
  const names = new Map([...was, ...did, ...is].map(([name, { key }]) => [name, key]));
  for (const [name, key] of names)
    compare(
      { before: was.get(name)?.item, made: did.get(name)?.item, now: is.get(name)?.item },
      item,
      [...path, key],
      walk,
    );
}

type Items = ReadonlyMap<string, { readonly key: Spec; readonly item: unknown }>;

function itemsByKey(list: unknown, keys: readonly string[]): Items {
  const items = Array.isArray(list) ? (list as unknown[]) : [];
  return new Map(
    items.map((item) => {
      const key = Object.fromEntries(keys.map((name) => [name, own(item, name)]));
      return [canonicalJson(key), { key, item }];
    }),
  );
}

/**
 * The spec with these fields set or gone; lists and maps that are missing are made, and a map goes with its last field: an
 * API server that is given an empty one by server-side apply keeps null. Pure.
 */
export function edited(spec: Spec, edits: readonly FieldEdit[]): Spec {
  return edits.reduce<unknown>((whole, { path, value }) => withEdit(whole, path, value) ?? {}, spec) as Spec;
}

function withEdit(whole: unknown, [part, ...rest]: Path, value: unknown): unknown {
  if (part === undefined) return value;
  if (typeof part === "string") {
    const { [part]: inner, ...others } = isFields(whole) ? whole : {};
    const next = withEdit(inner, rest, value);
    if (next === undefined) return Object.keys(others).length === 0 ? undefined : others;
    return Object.hasOwn(isFields(whole) ? whole : {}, part)
      ? { ...(whole as Spec), [part]: next }
      : { ...others, [part]: next };
  }
  const items = Array.isArray(whole) ? (whole as unknown[]) : [];
  const index = items.findIndex((item) => hasKeys(item, part));
  const next = withEdit(items[index] ?? (rest.length === 0 ? undefined : part), rest, value);
  if (next === undefined) return items.filter((_item, place) => place !== index);
  return index < 0 ? [...items, next] : items.with(index, next);
}

export function hasKeys(item: unknown, keys: Spec): boolean {
  return isFields(item) && Object.entries(keys).every(([name, wanted]) => same(item[name], wanted));
}

/**
 * The same edits, each as short as it can be: what has the value that it would have without being said is not said.
 * `fits` tells whether edits lead where they should. Pure.
 */
export function shortened(
  edits: readonly FieldEdit[],
  fits: (edits: readonly FieldEdit[]) => boolean,
): readonly FieldEdit[] {
  return edits.reduce<readonly FieldEdit[]>((all, { path, value }, index) => {
    const withValue = (other: unknown): readonly FieldEdit[] =>
      all.with(index, { path, ...(other === undefined ? {} : { value: other }) });
    return withValue(shortest(value, (other) => fits(withValue(other))));
  }, edits);
}

function shortest(value: unknown, fits: (value: unknown) => boolean): unknown {
  if (value === undefined || fits(undefined)) return undefined;
  if (!isFields(value)) return value;
  return Object.keys(value).reduce<Spec>((whole, key) => {
    const { [key]: inner, ...rest } = whole;
    if (fits(rest)) return rest;
    const next = shortest(inner, (other) => fits(other === undefined ? rest : { ...whole, [key]: other }));
    return next === undefined ? rest : { ...whole, [key]: next };
  }, value);
}

/** `spec.compute.pools[std].options.DEFAULT.debug` */
export function pathText(path: Path): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === "string" ? `${text}.${part}` : `${text}[${Object.values(part).map(String).join(",")}]`,
    "spec",
  );
}

function same(a: unknown, b: unknown): boolean {
  return canonicalJson(a ?? null) === canonicalJson(b ?? null);
}

function own(value: unknown, key: string): unknown {
  return isFields(value) && Object.hasOwn(value, key) ? value[key] : undefined;
}

function fieldsOrNone(value: unknown): boolean {
  return value === undefined || isFields(value);
}

function listOrNone(value: unknown): boolean {
  return value === undefined || Array.isArray(value);
}
