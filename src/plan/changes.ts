import { type Manifest, type ObjectKey, objectKey } from "../api/manifest.ts";
import { GROUP, LABEL } from "../api/names.ts";
import { type FieldChange, fieldChanges } from "./fields.ts";
import { comparable, type Keyed } from "./secrets.ts";

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
  const joined = withRenames(plain);
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
function withRenames(pairs: readonly ObjectPair[]): ObjectPair[] {
  const gone = pairs.filter((pair) => pair.after === undefined && pair.live !== undefined);
  const taken = new Set<ObjectPair>();
  const twin = (after: Manifest): ObjectPair | undefined => {
    const open = gone
      .filter(({ live }) => live !== undefined && samePlace(live, after))
      .filter((one) => !taken.has(one));
    const component = componentOf(after);
    return open.find(({ live }) => live !== undefined && componentOf(live) === component) ?? open[0];
  };
  const joined = pairs.map((pair): ObjectPair => {
    if (pair.live !== undefined || pair.after === undefined) return pair;
    const found = twin(pair.after);
    if (found === undefined) return pair;
    taken.add(found);
    return { ...found, after: pair.after };
  });
  return joined.filter((pair) => !taken.has(pair));
}

function samePlace(live: Manifest, after: Manifest): boolean {
  const [was, is] = [live.metadata, after.metadata];
  return (
    live.kind === after.kind &&
    was.namespace === is.namespace &&
    NAMED_BY_CONTENT.test(was.name) &&
    NAMED_BY_CONTENT.test(is.name) &&
    was.name.replace(NAMED_BY_CONTENT, "") === is.name.replace(NAMED_BY_CONTENT, "")
  );
}

function componentOf({ metadata }: Manifest): string | undefined {
  return metadata.labels?.[LABEL.component];
}
