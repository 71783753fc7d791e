import { isDeepStrictEqual } from "node:util";
import type { Catalogue, CatalogueChange, CatalogueOption, JsonValue, OptionName } from "../oslo/catalogue.ts";

/**
 * What differs for a service between two releases, in order of group and name: of options that both have default, type and
 * deprecation; what was added; what was removed, or has another name. Pure.
 */
export function catalogueChanges(from: Catalogue, to: Catalogue): CatalogueChange[] {
  const renamed = new Set<string>();
  const before = all(from).flatMap((option): CatalogueChange[] => {
    const { group, name } = option;
    const later = to.find(group, name);
    if (later === undefined) return [{ group, name, change: "removed" }];
    if (alike(later, option)) return differences(option, later);
    renamed.add(key(later));
    return [{ group, name, change: "renamed", to: { group: later.group, name: later.name } }, ...differences(option, later)];
  });
  const added = all(to).flatMap((option): CatalogueChange[] => {
    if (knows(from, option) || renamed.has(key(option))) return [];
    return [{ group: option.group, name: option.name, change: "added" }];
  });
  return [...before, ...added].toSorted((left, right) => compare(key(left), key(right)));
}

function all(catalogue: Catalogue): readonly CatalogueOption[] {
  return catalogue.groups.flatMap((group) => catalogue.options(group));
}

/** The catalogue has an option of this very name; older names do not count. */
function knows(catalogue: Catalogue, name: OptionName): boolean {
  const found = catalogue.find(name.group, name.name);
  return found !== undefined && alike(found, name);
}

function differences(before: CatalogueOption, after: CatalogueOption): CatalogueChange[] {
  const { group, name } = before;
  const found: CatalogueChange[] = [];
  if (before.fromMachine !== true && after.fromMachine !== true && !isDeepStrictEqual(before.default, after.default))
    found.push({ group, name, change: "default", ...values(before.default, after.default) });
  if (!isDeepStrictEqual(kind(before), kind(after)))
    found.push({ group, name, change: "type", ...values(kind(before), kind(after)) });
  if (before.deprecated === undefined && after.deprecated !== undefined)
    found.push({ group, name, change: "deprecated" });
  return found;
}

function kind({ type, multi }: CatalogueOption): JsonValue {
  return { ...(type as unknown as Readonly<Record<string, JsonValue>>), ...(multi === undefined ? {} : { multi }) };
}

function values(before: JsonValue | undefined, after: JsonValue | undefined) {
  return { ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

function alike(left: OptionName, right: OptionName): boolean {
  return key(left) === key(right);
}

/** Groups are compared as oslo.config does: whatever their case, but for DEFAULT. */
function key({ group, name }: OptionName): string {
  return `${group === "DEFAULT" ? group : group.toLowerCase()}\0${name}`;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}
