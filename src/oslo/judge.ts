import type { CatalogueOption, JsonValue } from "./catalogue.ts";
import { IniError, multi, Verbatim, writeIni } from "./ini.ts";
import { hasReference, judgeIn, type Lookup, placeOf } from "./references.ts";
import { readIniEntries } from "./read.ts";
import { type OptionValue, typedTexts } from "./typed.ts";
import { accept, type Rejection, unchecked, type Verdict } from "./verdict.ts";

export type { OptionValue } from "./typed.ts";
export { iniValue } from "./typed.ts";

/**
 * What the service does with a typed value of a Cloud: the value is written as our writer writes it (`iniValue`), read as
 * oslo.config reads it, its references are resolved with `lookup`, and its type decides. Without `lookup` a value with
 * references is unchecked. Never throws for bad values.
 */
export function judgeValue(option: CatalogueOption, value: OptionValue, lookup?: Lookup): Verdict {
  try {
    const texts = throughFile(typedTexts(option, value));
    // No line at all: nothing is set.
    if (texts.length === 0) return accept(option.default ?? null);
    return judgeTexts(option, texts, lookup);
  } catch (error) {
    if (!(error instanceof IniError)) throw error;
    return { verdict: "reject", reason: error.why, allowed: error.why };
  }
}

/** What oslo.config finds in a file with these texts. @throws IniError */
function throughFile(texts: readonly string[]): readonly string[] {
  const file = writeIni({ file: { option: new Verbatim(multi(...texts)) } });
  return readIniEntries(file).map(({ text }) => text);
}

/** What the service does with the texts that files give an option, in order; of an option that is not multi the last counts. */
export function judgeTexts(option: CatalogueOption, texts: readonly string[], lookup?: Lookup): Verdict {
  const counting = option.multi === true ? texts : texts.slice(-1);
  const values: JsonValue[] = [];
  for (const text of counting) {
    const verdict = judgeOne(option, text, lookup);
    if (verdict.verdict === "reject") return option.secret === true ? silent(verdict) : verdict;
    if (verdict.verdict === "unchecked") return verdict;
    values.push(verdict.value);
  }
  return accept(option.multi === true ? values : (values[0] ?? null));
}

function judgeOne(option: CatalogueOption, text: string, lookup: Lookup | undefined): Verdict {
  if (lookup === undefined && hasReference(text)) return unchecked("it refers to other options");
  return judgeIn(option.type, text, placeOf(option.group, lookup ?? (() => "no option")));
}

/** Without the value, which is a secret. */
function silent({ allowed }: Rejection): Rejection {
  return { verdict: "reject", allowed, reason: `${allowed}; what was given is a secret` };
}
