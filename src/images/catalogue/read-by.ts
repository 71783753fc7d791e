import type { CatalogueOption, JsonValue } from "../../oslo/catalogue.ts";
import { identity, type Started } from "./assemble.ts";
import type { ServiceOptions } from "./services.ts";

/** Names of options that a component's code can ask for, by component. */
export type AskedNames = Readonly<Record<string, ReadonlySet<string>>>;

/**
 * Says of each option which components read it: those whose code names it, or names an option whose default refers to it.
 * Never fewer than read it: without any that names it, all do, but for what belongs to programs that no Cloud runs. Pure.
 */
export function withReaders(
  options: readonly CatalogueOption[],
  {
    asked,
    started,
    service,
  }: { asked: AskedNames; started: Readonly<Record<string, Started>>; service: ServiceOptions },
): CatalogueOption[] {
  const registered = new Set(Object.values(started).flatMap((one) => one.options.map(identity)));
  const readers = new Map(options.map((option) => [option, named(option, asked)]));
  for (let changed = true; changed;) changed = followReferences(options, readers);
  return options.map((option) => {
    if (belongsElsewhere(option, service) && !registered.has(identity(option))) return { ...option, readBy: [] };
    const found = readers.get(option) ?? new Set();
    if (found.size === 0 || found.size === service.components.length) return option;
    return { ...option, readBy: [...found].toSorted() };
  });
}

function named({ name }: CatalogueOption, asked: AskedNames): Set<string> {
  return new Set(Object.entries(asked).flatMap(([component, names]) => (names.has(name) ? [component] : [])));
}

function belongsElsewhere({ namespaces }: CatalogueOption, { notRun = [] }: ServiceOptions): boolean {
  return namespaces.length > 0 && namespaces.every((namespace) => notRun.includes(namespace));
}

/** Whoever reads an option reads what its default refers to. True when somebody was added. */
function followReferences(
  options: readonly CatalogueOption[],
  readers: ReadonlyMap<CatalogueOption, Set<string>>,
): boolean {
  const targets = Map.groupBy(options, ({ name }) => name);
  const pairs = options.flatMap((option) =>
    references(option.default).flatMap((name) => (targets.get(name) ?? []).map((target) => ({ option, target }))),
  );
  return pairs.map(({ option, target }) => addAll(readers.get(target), readers.get(option))).includes(true);
}

/** True when `to` had not all of them. */
function addAll(to: Set<string> | undefined, from: ReadonlySet<string> | undefined): boolean {
  if (to === undefined || [...(from ?? [])].every((one) => to.has(one))) return false;
  for (const one of from ?? []) to.add(one);
  return true;
}

/** Names of options, in whatever group, that a default refers to by `$`. */
function references(value: JsonValue | undefined): string[] {
  if (Array.isArray(value)) return (value as readonly JsonValue[]).flatMap(references);
  if (typeof value !== "string") return [];
  return [...value.matchAll(/\$\{?([A-Za-z_][\w.]*)/g)].map(([, name = ""]) => name.split(".").at(-1) ?? name);
}
