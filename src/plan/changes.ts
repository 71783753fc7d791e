import { type Manifest, type ObjectKey, objectKey } from "../api/manifest.ts";
import { GROUP, LABEL } from "../api/names.ts";
import { type FieldChange, fieldChanges, isFields } from "./fields.ts";
import { comparable, decoded, type Keyed } from "./secrets.ts";

/** An object before and after; without the one it is created, without the other it is deleted. */
export interface ObjectPair {
  readonly live?: Manifest;
  /** As the API server would keep it. */
  readonly after?: Manifest;
}

export interface ObjectChange {
  readonly type: "created" | "changed" | "deleted";
  /** Of the object that is there afterwards, or that goes. */
  readonly key: ObjectKey;
  /** The object of another content, and so of another name, that goes for it. */
  readonly replaces?: ObjectKey;
  /** What differs; empty for what is created or deleted as a whole. */
  readonly fields: readonly FieldChange[];
}

export interface ObjectChanges {
  /** In order of key. */
  readonly changes: readonly ObjectChange[];
  readonly unchanged: number;
}

/** How the name of an object ends that is named by its content. */
const NAMED_BY_CONTENT = /-[0-9a-f]{10}$/;
const SHAPE = `metadata.annotations["${GROUP}/shape"]`;

/** What becomes of each object. One that is named by its content and has another name now reads as one change. Pure. */
export function objectChanges(pairs: readonly ObjectPair[], keyed: Keyed): ObjectChanges {
  const plain = pairs.map(({ live, after }) => ({
    ...(live === undefined ? {} : { live: comparable(live, keyed) }),
    ...(after === undefined ? {} : { after: comparable(after, keyed) }),
  }));
  const joined = withRenames(plain, pairs);
  const changes = joined.flatMap((pair) => changeOf(pair));
  return {
    changes: changes.toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key))),
    unchanged:
      joined.filter(({ live, after }) => live !== undefined && after !== undefined).length -
      changes.filter(({ type }) => type === "changed").length,
  };
}

function changeOf({ live, after }: ObjectPair): ObjectChange[] {
  if (after === undefined) return live === undefined ? [] : [{ type: "deleted", key: objectKey(live), fields: [] }];
  const key = objectKey(after);
  if (live === undefined) return [{ type: "created", key, fields: [] }];
  const before = objectKey(live);
  const renamed = before !== key;
  const same = renamed ? { ...live, metadata: { ...live.metadata, name: after.metadata.name } } : live;
  const all = fieldChanges(same, after);
  if (all.length === 0 && !renamed) return [];
  // Which fields we write is the writer's own note; what a person wants to see is what they say.
  const told = all.filter(({ path }) => path !== SHAPE);
  return [{ type: "changed", key, ...(renamed ? { replaces: before } : {}), fields: told.length === 0 ? all : told }];
}

/** Joins what is created with what is deleted where both are the same thing with another content. */
function withRenames(plain: readonly ObjectPair[], pairs: readonly ObjectPair[]): ObjectPair[] {
  const twins = twinsOf(pairs);
  const taken = new Set(twins.values());
  return plain.flatMap((pair, index): ObjectPair[] => {
    if (taken.has(index)) return [];
    const twin = twins.get(index);
    const live = twin === undefined ? undefined : plain[twin]?.live;
    return [live === undefined ? pair : { ...pair, live }];
  });
}

/** By the place of what is created the place of what goes for it: of several the one that it has most in common with. */
function twinsOf(pairs: readonly ObjectPair[]): ReadonlyMap<number, number> {
  const places = [...pairs.entries()];
  const made = places.filter(([, { live, after }]) => live === undefined && isNamedByContent(after));
  const gone = places.filter(([, { live, after }]) => after === undefined && isNamedByContent(live));
  const open = made.flatMap(([index, { after }]) => {
    const fits = gone.filter(([, { live }]) => live !== undefined && after !== undefined && samePlace(live, after));
    return fits.map(([twin, { live }]) => ({
      index,
      twin,
      other: Number(componentOf(live) !== componentOf(after)),
      distance: fits.length === 1 ? 0 : distance(live, after),
    }));
  });
  const twins = new Map<number, number>();
  const taken = new Set<number>();
  for (const { index, twin } of open.toSorted((a, b) => a.other - b.other || a.distance - b.distance)) {
    if (twins.has(index) || taken.has(twin)) continue;
    twins.set(index, twin);
    taken.add(twin);
  }
  return twins;
}

function isNamedByContent(object: Manifest | undefined): boolean {
  return object !== undefined && NAMED_BY_CONTENT.test(object.metadata.name);
}

/** Lines that only one of them has. */
function distance(live: Manifest | undefined, after: Manifest | undefined): number {
  const [was, is] = [linesOf(live), linesOf(after)];
  return [...was].filter((line) => !is.has(line)).length + [...is].filter((line) => !was.has(line)).length;
}

function linesOf(object: Manifest | undefined): ReadonlySet<string> {
  if (object === undefined) return new Set();
  const { metadata: _metadata, status: _status, data, ...rest } = object;
  const texts = Object.entries(isFields(data) ? data : {}).map(([key, value]): readonly [string, string] => [
    key,
    object.kind === "Secret" ? decoded(String(value)) : String(value),
  ]);
  const all = [...texts, ["", JSON.stringify(rest, null, 1)] as const];
  return new Set(all.flatMap(([key, text]) => text.split("\n").map((line) => `${key} ${line}`)));
}

function samePlace(live: Manifest, after: Manifest): boolean {
  const [was, is] = [live.metadata, after.metadata];
  return (
    live.kind === after.kind &&
    was.namespace === is.namespace &&
    was.name.replace(NAMED_BY_CONTENT, "") === is.name.replace(NAMED_BY_CONTENT, "")
  );
}

function componentOf(object: Manifest | undefined): string | undefined {
  return object?.metadata.labels?.[LABEL.component];
}
