import type { Finding } from "../api/walk.ts";
import type { Catalogue } from "../oslo/catalogue.ts";
import { type Given, releaseOf, same, type Scope } from "./judge-scope.ts";

/** A finding for an option that the release does not have: gone since the one before, elsewhere, or misspelt. */
export function unknownOption(scope: Scope, given: Given): Finding {
  const path = given.path.join(".");
  const gone = removed(scope, given);
  if (gone !== undefined) return { path, severity: "error", code: "removed", message: gone };
  return { path, severity: "error", code: "unknown", message: `${unknown(scope, given)} ${wayOut(scope, given)}` };
}

/** Of a group that the release does not have, but one like it: one finding, not one for each option in it. */
export function unknownGroup(scope: Scope, path: readonly (string | number)[], group: string): Finding | undefined {
  const { catalogue } = scope.data;
  if (catalogue.options(group).length > 0) return undefined;
  const meant = scope.hints.nearest(group, catalogue.groups);
  if (meant === undefined) return undefined;
  const message = `${releaseOf(scope)} has no group ${quoted(group)}. Did you mean ${meant}?`;
  return { path: path.join("."), severity: "error", code: "unknown", message };
}

function removed(scope: Scope, given: Given): string | undefined {
  const { before, catalogue } = scope.data;
  const change = before?.changes.find(
    (one) => (one.change === "removed" || one.change === "renamed") && same(one, given),
  );
  if (before === undefined || change === undefined) return undefined;
  const instead = change.to === undefined ? "Leave it out" : `Instead use ${change.to.group}.${change.to.name}`;
  return `${scope.service} ${before.release} had it, ${catalogue.release} has not. ${instead}`;
}

/** What the release does not have, as a sentence, and what was probably meant. */
function unknown(scope: Scope, { group, name }: Given): string {
  const { catalogue } = scope.data;
  const known = catalogue.options(group).map((option) => option.name);
  const what = `${releaseOf(scope)} has no option ${quoted(name)} in group ${quoted(group)}`;
  const meant = scope.hints.nearest(name, known);
  if (meant !== undefined) return `${what}. Did you mean ${meant}?`;
  const elsewhere = groupsWith(catalogue, name).slice(0, 3);
  if (elsewhere.length > 0) return `${what}: it is in group ${elsewhere.join(", ")}.`;
  return known.length === 0 ? `${releaseOf(scope)} has no group ${quoted(group)}.` : `${what}.`;
}

function wayOut(scope: Scope, { group }: Given): string {
  const known = scope.data.catalogue.options(group).length > 0;
  const see = known ? `underpin explain ${scope.service}.${group}` : `underpin explain ${scope.service}`;
  return `See what there is: ${see}. Options of a vendor's driver belong under uncheckedOptions`;
}

/** A name as messages show it: what a Cloud calls a group may be anything. */
function quoted(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 77)}...` : name);
}

const NAMES = new WeakMap<Catalogue, ReadonlyMap<string, readonly string[]>>();

/** Groups of the catalogue that have an option of this name. */
function groupsWith(catalogue: Catalogue, name: string): readonly string[] {
  let names = NAMES.get(catalogue);
  if (names === undefined) {
    const pairs = catalogue.groups.flatMap((group) => catalogue.options(group).map((option) => ({ group, option })));
    const byName = Map.groupBy(pairs, ({ option }) => option.name);
    names = new Map([...byName].map(([key, list]) => [key, list.map(({ group }) => group)]));
    NAMES.set(catalogue, names);
  }
  return names.get(name) ?? [];
}
