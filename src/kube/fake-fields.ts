// Ownership of fields for the fake API server: keyed lists become maps, so that merging is merging maps.
import { isDeepStrictEqual } from "node:util";
import { isFields, KEYED } from "./compare.ts";

export type Tree = { [field: string]: unknown };
/** Path of a leaf, as JSON. */
export type Path = string;

interface Entry {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly time: string;
  readonly fieldsV1: Tree;
}

const NOT_OWNED =
  /^\["(apiVersion|kind)"|^\["metadata","(name|namespace|uid|resourceVersion|generation|creationTimestamp|managedFields)"/;

/** The object with each keyed list as a map of `[key]` to item. */
export function toTree(value: unknown, name = ""): unknown {
  const keyOf = KEYED[name];
  if (Array.isArray(value)) {
    if (keyOf === undefined || value.length === 0 || !value.every(isFields)) return structuredClone(value);
    return Object.fromEntries(value.map((item: Tree) => [`[${String(keyOf(item))}]`, toTree(item)]));
  }
  if (!isFields(value)) return value;
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null);
  return Object.fromEntries(fields.map(([key, inner]) => [key, toTree(inner, key)]));
}

export function fromTree(tree: unknown): unknown {
  if (!isFields(tree)) return Array.isArray(tree) ? structuredClone(tree) : tree;
  const entries = Object.entries(tree).map(([key, inner]) => [key, fromTree(inner)] as const);
  return entries.some(([key]) => key.startsWith("[")) ? entries.map(([, inner]) => inner) : Object.fromEntries(entries);
}

export function leaves(tree: unknown, path: readonly string[] = []): Map<Path, unknown> {
  if (!isFields(tree) || Object.keys(tree).length === 0) return new Map([[JSON.stringify(path), tree]]);
  const all = Object.entries(tree).flatMap(([key, inner]) => [...leaves(inner, [...path, key])]);
  return new Map(all.filter(([leaf]) => !NOT_OWNED.test(leaf)));
}

export function setLeaf(tree: Tree, path: Path, value: unknown): void {
  const parts = JSON.parse(path) as string[];
  let at = tree;
  for (const part of parts.slice(0, -1)) {
    if (!isFields(at[part])) at[part] = {};
    at = at[part] as Tree;
  }
  at[parts.at(-1) ?? ""] = value;
}

/** Removes a leaf, and the maps that become empty. */
export function removeLeaf(tree: Tree, path: Path): void {
  const parts = JSON.parse(path) as string[];
  const chain: Tree[] = [tree];
  for (const part of parts.slice(0, -1)) chain.push((chain.at(-1)?.[part] ?? {}) as Tree);
  for (let depth = parts.length - 1; depth >= 0; depth -= 1) {
    const [at, part] = [chain[depth] ?? {}, parts[depth] ?? ""];
    if (depth === parts.length - 1 || Object.keys(at[part] as Tree).length === 0) delete at[part];
  }
}

/** What names an item, where it is not its name. */
const ITEM_KEY: Readonly<Record<string, (key: string) => object>> = {
  conditions: (type) => ({ type }),
  volumeMounts: (mountPath) => ({ mountPath }),
  volumeDevices: (devicePath) => ({ devicePath }),
  hostAliases: (ip) => ({ ip }),
  ownerReferences: (uid) => ({ uid }),
  topologySpreadConstraints: (key) => {
    const [topologyKey, whenUnsatisfiable] = key.split(",");
    return { topologyKey, whenUnsatisfiable };
  },
  ports: (key) => {
    const [containerPort, protocol] = key.split("/");
    return { containerPort: Number(containerPort), protocol };
  },
};

/** As the API server spells it: `f:` before a field, `k:` before the keys of an item. */
function toFieldsV1(tree: unknown, list: string): unknown {
  if (!isFields(tree)) return tree;
  const spelt = (key: string): string => {
    if (!key.startsWith("[")) return `f:${key}`;
    const name = key.slice(1, -1);
    return `k:${JSON.stringify(ITEM_KEY[list]?.(name) ?? { name })}`;
  };
  return Object.fromEntries(Object.entries(tree).map(([key, inner]) => [spelt(key), toFieldsV1(inner, key)]));
}

function fromFieldsV1(fields: unknown, list = ""): unknown {
  if (!isFields(fields)) return fields;
  const read = (key: string): string => {
    if (!key.startsWith("k:")) return key.slice(2);
    return `[${String(KEYED[list]?.(JSON.parse(key.slice(2)) as Tree))}]`;
  };
  return Object.fromEntries(
    Object.entries(fields).map(([key, inner]) => [read(key), fromFieldsV1(inner, key.slice(2))]),
  );
}

/** True when two objects differ in their books at most. */
export function sameContent(a: Tree, b: Tree): boolean {
  const plain = (tree: Tree): object => ({ ...tree, metadata: { ...(tree["metadata"] as object), managedFields: 0 } });
  return isDeepStrictEqual(plain(a), plain(b));
}

/** Who owns what: read from and written to `metadata.managedFields`. */
export class Owners {
  readonly #owned = new Map<string, Set<Path>>();
  readonly #times = new Map<string, string>();
  #writer = "";

  constructor(managedFields: unknown) {
    for (const { manager, operation, time, fieldsV1 } of (managedFields ?? []) as Entry[]) {
      const key = `${operation} ${manager}`;
      this.#owned.set(key, new Set(leaves(fromFieldsV1(fieldsV1)).keys()));
      this.#times.set(key, time);
    }
  }

  of(manager: string): ReadonlySet<Path> {
    return this.#owned.get(`Apply ${manager}`) ?? new Set();
  }

  /** Other managers of a leaf, by name. */
  others(manager: string, path: Path): string[] {
    const mine = `Apply ${manager}`;
    return [...this.#owned]
      .filter(([key, paths]) => key !== mine && paths.has(path))
      .map(([key]) => key.split(" ", 2)[1] ?? "");
  }

  /** What `manager` applied, whole; with `taken`, leaves that others lose. */
  apply(manager: string, paths: Iterable<Path>, taken: Iterable<Path>): void {
    this.#drop(taken);
    this.#writer = `Apply ${manager}`;
    this.#owned.set(this.#writer, new Set(paths));
  }

  /** `manager` changed or removed these leaves by other means than apply. */
  update(manager: string, changed: Iterable<Path>, removed: Iterable<Path>): void {
    this.#drop([...changed, ...removed]);
    const key = `Update ${manager}`;
    this.#writer = key;
    this.#owned.set(key, new Set([...(this.#owned.get(key) ?? []), ...changed]));
  }

  /** `changed`: something was really written, so that the writer's time is now. */
  toManagedFields(changed: boolean): Entry[] {
    const now = new Date().toISOString().replace(/\.\d+Z/, "Z");
    const entries = [...this.#owned].filter(([, paths]) => paths.size > 0);
    return entries.map(([key, paths]) => {
      const tree: Tree = {};
      for (const path of paths) setLeaf(tree, path, {});
      const [operation, manager = ""] = key.split(" ", 2);
      const kept = changed && key === this.#writer ? undefined : this.#times.get(key);
      const fieldsV1 = toFieldsV1(tree, "") as Tree;
      return { manager, operation: operation as Entry["operation"], time: kept ?? now, fieldsV1 };
    });
  }

  #drop(paths: Iterable<Path>): void {
    for (const path of paths) for (const owned of this.#owned.values()) owned.delete(path);
  }
}
