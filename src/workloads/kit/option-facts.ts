import type { Catalogue, CatalogueOption } from "../../oslo/catalogue.ts";
import type { OptionFacts } from "../contract.ts";
import { optionKey } from "./user-options.ts";

/** What builders need of a service's catalogue. An option to which another's default refers counts as read by all. */
export function optionFacts(catalogue: Catalogue): OptionFacts {
  const options = catalogue.groups.flatMap((group) => catalogue.options(group));
  const referred = new Set(options.flatMap(references));
  const mutable = new Set<string>();
  const readBy = new Map<string, readonly string[]>();
  const everybody = new Set<string>();
  for (const option of options) {
    if (option.mutable === true) mutable.add(optionKey(option.group, option.name));
    for (const { group, name } of [option, ...(option.olderNames ?? [])]) {
      const key = optionKey(group, name);
      // A name that two options had once is read by whoever reads one of them.
      if (option.readBy === undefined || referred.has(option.name) || readBy.has(key)) everybody.add(key);
      else readBy.set(key, option.readBy);
    }
  }
  for (const key of everybody) readBy.delete(key);
  return { mutable, readBy };
}

/** Last parts of the names to which the option's default refers. */
function references({ default: value }: CatalogueOption): string[] {
  if (value === undefined) return [];
  const names = [...JSON.stringify(value).matchAll(/\$\{?([_a-z][._a-z0-9]*)/gi)].map(([, name = ""]) => name);
  return names.map((name) => name.slice(name.lastIndexOf(".") + 1));
}
