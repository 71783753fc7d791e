// The texts of a file as a value that a Cloud carries and oslo.config reads back as the same.
import { isDeepStrictEqual } from "node:util";
import type { CatalogueOption, JsonValue } from "../oslo/catalogue.ts";
import { judgeTexts, judgeValue, type OptionValue } from "../oslo/judge.ts";
import { hasReference } from "../oslo/references.ts";

/** What the release says of the texts of an option. */
export type ImportedValue =
  | {
      readonly type: "taken";
      readonly value: OptionValue;
      /** It is what the release has without it. */
      readonly isDefault: boolean;
      readonly note: string;
    }
  | { readonly type: "refused"; readonly reason: string };

/**
 * The value that an option has in files with these texts: typed where the Cloud's form gives oslo.config the same value,
 * else the text itself.
 */
export function importedValue(option: CatalogueOption, texts: readonly string[]): ImportedValue {
  const asText: OptionValue = option.multi === true ? texts : (texts.at(-1) ?? "");
  // What another option decides is known only when the service starts.
  if (texts.some(hasReference)) return taken(asText, "refers to another option");
  const verdict = judgeTexts(option, texts);
  if (verdict.verdict === "reject") return { type: "refused", reason: verdict.reason };
  if (verdict.verdict === "unchecked") return taken(asText, verdict.why);
  const { value } = verdict;
  const isDefault = option.default !== undefined && isDeepStrictEqual(value, option.default);
  const same = [value, asText].filter(isOptionValue).find((typed) => {
    const again = judgeValue(option, typed);
    return again.verdict === "accept" && isDeepStrictEqual(again.value, value);
  });
  if (same === undefined) return { type: "refused", reason: "the Cloud has no form for this value" };
  return { type: "taken", value: same, isDefault, note: "" };
}

function taken(value: OptionValue, note: string): ImportedValue {
  return { type: "taken", value, isDefault: false, note };
}

function isOptionValue(value: JsonValue): value is OptionValue {
  if (typeof value !== "object") return true;
  if (value === null) return false;
  return Object.values(value).every((item) => typeof item !== "object");
}
