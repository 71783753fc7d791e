import type { Catalogue, CatalogueOption } from "./catalogue.ts";
import { IniError } from "./ini.ts";
import type { Lookup, Referenced } from "./references.ts";
import { destOf, type OptionValue, typedTexts } from "./typed.ts";

export type { Lookup, Referenced } from "./references.ts";

/** What is set for an option; undefined when nothing is. */
export type ValueOf = (option: CatalogueOption) => OptionValue | undefined;

/** A lookup in a catalogue by names in code. */
export function lookupIn(catalogue: Catalogue, valueOf: ValueOf): Lookup {
  const groups = new Set(catalogue.groups);
  return (group, name) => {
    // Only what is registered in a group of that name is found by it, which the options of DEFAULT are not.
    if (group !== undefined && (group === "DEFAULT" || !groups.has(group))) return "no group";
    // A group's own name wins in DEFAULT, and a group is no value.
    if (group === undefined && groups.has(name)) return "no option";
    const option = byCodeName(catalogue, group ?? "DEFAULT", name);
    if (option === undefined) return olderNames(catalogue).has(name) ? "older name" : "no option";
    return withTexts(option, valueOf(option));
  };
}

function withTexts(option: CatalogueOption, value: OptionValue | undefined): Referenced | "no text" {
  if (value === undefined) return { option };
  try {
    const texts = typedTexts(option, value);
    return texts.length === 0 ? { option } : { option, texts };
  } catch (error) {
    if (error instanceof IniError) return "no text";
    throw error;
  }
}

function byCodeName(catalogue: Catalogue, group: string, name: string): CatalogueOption | undefined {
  const found = catalogue.find(group, name);
  if (found !== undefined && found.group === group && destOf(found) === name) return found;
  return catalogue.options(group).find((option) => destOf(option) === name);
}

const known = new WeakMap<Catalogue, ReadonlySet<string>>();

/** Older names of all options of a service, as code would have them; read when a name is not found otherwise. */
function olderNames(catalogue: Catalogue): ReadonlySet<string> {
  const names =
    known.get(catalogue) ??
    new Set(
      catalogue.groups.flatMap((group) =>
        catalogue
          .options(group)
          .flatMap((option) => (option.olderNames ?? []).map(({ name }) => name.replaceAll("-", "_"))),
      ),
    );
  known.set(catalogue, names);
  return names;
}
