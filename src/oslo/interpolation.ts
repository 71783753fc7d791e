import type { Catalogue, CatalogueOption } from "./catalogue.ts";
import type { OptionValue } from "./judge.ts";

/** An option that a reference names, with the texts that files set for it; without `texts` its default holds. */
export interface Referenced {
  readonly option: CatalogueOption;
  readonly texts?: readonly string[];
}

/**
 * The options of a service for references. `group` is undefined for DEFAULT; `name` is the name in the service's code
 * (`dest`, no hyphens). "no group" and "no option" differ, since oslo.config looks into DEFAULT only after the latter.
 */
export type Lookup = (group: string | undefined, name: string) => Referenced | "no option" | "no group";

/** A lookup in a catalogue; `valueOf` gives what is set for an option, undefined when nothing is. */
export type ValueOf = (option: CatalogueOption) => OptionValue | undefined;

export function lookupIn(_catalogue: Catalogue, _valueOf: ValueOf): Lookup {
  return () => "no option";
}
