import type { Catalogue, CatalogueOption } from "./catalogue.ts";
import type { Lookup } from "./references.ts";
import { destOf, type OptionValue, typedTexts } from "./typed.ts";

export type { Lookup, Referenced } from "./references.ts";

/** What is set for an option; undefined when nothing is. */
export type ValueOf = (option: CatalogueOption) => OptionValue | undefined;

/** A lookup in a catalogue, by names in code and by older names. @throws IniError when a value that it is asked for cannot be written */
export function lookupIn(catalogue: Catalogue, valueOf: ValueOf): Lookup {
  const groups = new Set(catalogue.groups);
  return (group, name) => {
    // Only what is registered in a group of that name is found by it, which the options of DEFAULT are not.
    if (group !== undefined && (group === "DEFAULT" || !groups.has(group))) return "no group";
    // A group's own name wins in DEFAULT, and a group is no value.
    if (group === undefined && groups.has(name)) return "no option";
    const option = byCodeName(catalogue, group ?? "DEFAULT", name);
    if (option === undefined) return "no option";
    const value = valueOf(option);
    const texts = value === undefined ? [] : typedTexts(option, value);
    return { option, ...(texts.length === 0 ? {} : { texts }) };
  };
}

function byCodeName(catalogue: Catalogue, group: string, name: string): CatalogueOption | undefined {
  const found = catalogue.find(group, name);
  const isOwnHyphenatedName = found?.name === name && destOf(found) !== name;
  if (found !== undefined && !isOwnHyphenatedName) return found;
  return catalogue.options(group).find((option) => destOf(option) === name);
}
