import type { OptionType } from "../catalogue.ts";
import { unchecked, type Verdict } from "../verdict.ts";

/** What a type of oslo.config does with the text of an option, after references in it were resolved. Never throws. */
export function judgeText(type: OptionType, _text: string): Verdict {
  return unchecked(`values of the type ${type.kind} are judged by the service alone`);
}
