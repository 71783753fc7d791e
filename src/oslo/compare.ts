// What differs between two catalogues of a service; pure.
import { isDeepStrictEqual } from "node:util";
import type { Catalogue, CatalogueChange, CatalogueOption, JsonValue, OptionType } from "./catalogue.ts";

/**
 * The differences between the catalogues of two releases, in order of group and name. Of a `type`, before and after are
 * the types themselves. Defaults that are facts of the machine are never compared.
 */
export function compareCatalogues(before: Catalogue, after: Catalogue): readonly CatalogueChange[] {
  const gone = all(before).flatMap((option) => optionChanges(option, after));
  const kept = new Set(all(before).flatMap((option) => keysIn(option, after)));
  const added = all(after)
    .filter((option) => !kept.has(keyOf(option)))
    .map(({ group, name }): CatalogueChange => ({ group, name, change: "added" }));
  return [...gone, ...added].toSorted((a, b) => order(a.group, b.group) || order(a.name, b.name));
}

function all(catalogue: Catalogue): readonly CatalogueOption[] {
  return catalogue.groups.flatMap((group) => [...catalogue.options(group)]);
}

function keyOf({ group, name }: { readonly group: string; readonly name: string }): string {
  return `${group}\n${name}`;
}

/** What an option is called later. */
function keysIn({ group, name }: CatalogueOption, after: Catalogue): string[] {
  const found = after.find(group, name);
  return found === undefined ? [] : [keyOf(found)];
}

/** What becomes of one option in a later catalogue. */
export function optionChanges(option: CatalogueOption, after: Catalogue): CatalogueChange[] {
  const { group, name } = option;
  const later = after.find(group, name);
  if (later === undefined) return [{ group, name, change: "removed" }];
  const renamed = later.group !== group || later.name !== name;
  return [
    ...(renamed ? [{ group, name, change: "renamed" as const, to: { group: later.group, name: later.name } }] : []),
    ...defaultChange(option, later),
    ...typeChange(option, later),
    ...(option.deprecated === undefined && later.deprecated !== undefined
      ? [{ group, name, change: "deprecated" as const }]
      : []),
  ];
}

function defaultChange(option: CatalogueOption, later: CatalogueOption): CatalogueChange[] {
  const { group, name } = option;
  if (option.fromMachine === true || later.fromMachine === true) return [];
  if (isDeepStrictEqual(option.default, later.default)) return [];
  return [{ group, name, change: "default", before: option.default ?? null, after: later.default ?? null }];
}

function typeChange(option: CatalogueOption, later: CatalogueOption): CatalogueChange[] {
  const { group, name } = option;
  if (isDeepStrictEqual(typeOf(option), typeOf(later))) return [];
  return [{ group, name, change: "type", before: typeOf(option), after: typeOf(later) }];
}

/** An option that is written several times is of another type than one that is not. */
function typeOf({ type, multi }: CatalogueOption): JsonValue {
  const plain: OptionType & { readonly [key: string]: unknown } = type;
  return (multi === true ? { ...plain, multi: true } : plain) as JsonValue;
}

function order(left: string, right: string): number {
  return left === right ? 0 : left < right ? -1 : 1;
}
