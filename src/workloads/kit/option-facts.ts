import type { Catalogue, CatalogueOption, OptionType } from "../../oslo/catalogue.ts";
import type { OptionFacts } from "../contract.ts";
import { optionKey } from "./user-options.ts";

/** What builders need of a service's catalogue. */
export function optionFacts(catalogue: Catalogue): OptionFacts {
  const options = catalogue.groups.flatMap((group) => catalogue.options(group));
  const mutable = new Set<string>();
  const readBy = new Map<string, readonly string[]>();
  const formed = new Map<string, CatalogueOption>();
  const everybody = new Set<string>();
  for (const option of options) {
    if (option.mutable === true) mutable.add(optionKey(option.group, option.name));
    for (const { group, name } of [option, ...(option.olderNames ?? [])]) {
      const key = optionKey(group, name);
      if ((option.multi === true || hasForm(option.type)) && !formed.has(key)) formed.set(key, option);
      // A name that two options had once is read by whoever reads one of them.
      if (option.readBy === undefined || readBy.has(key)) everybody.add(key);
      else readBy.set(key, option.readBy);
    }
  }
  for (const key of everybody) readBy.delete(key);
  return { mutable, readBy, formed };
}

/** Its values are not simply what stands in the file, or between its commas. */
function hasForm(type: OptionType): boolean {
  switch (type.kind) {
    case "string":
      return type.quotes === true;
    case "list":
      return type.bounds === true || hasForm(type.item);
    case "dict":
      return type.bounds === true || type.separator !== undefined || hasForm(type.value);
    default:
      return false;
  }
}
