import type { CatalogueOption } from "./catalogue.ts";
import type { IniScalar, IniValue } from "./ini.ts";
import type { Lookup } from "./interpolation.ts";
import { unchecked, type Verdict } from "./verdict.ts";

/** A value as a Cloud's options carry it. */
export type OptionValue = IniScalar | readonly IniScalar[] | { readonly [key: string]: IniScalar };

/**
 * What the service does with a typed value of a Cloud: the value is written as our writer writes it (`iniValue`), read as
 * oslo.config reads it, its references are resolved with `lookup`, and its type decides. Without `lookup` a value with
 * references is unchecked. Never throws for bad values.
 */
export function judgeValue(option: CatalogueOption, _value: OptionValue, _lookup?: Lookup): Verdict {
  return unchecked(`the type of ${option.name} is not known`);
}

/** What the service does with the texts that files give an option, in order; of an option that is not multi the last counts. */
export function judgeTexts(option: CatalogueOption, _texts: readonly string[], _lookup?: Lookup): Verdict {
  return unchecked(`the type of ${option.name} is not known`);
}

/**
 * The form in which a typed value is to be written for its option: several lines for a multi-valued option, brackets and
 * quotes where the type wants them. The references (`$name`) in it stay references.
 * @throws IniError for what the option's form cannot carry, for example a list item with a comma
 */
export function iniValue(_option: CatalogueOption, value: OptionValue): IniValue {
  return value;
}
