import type { OptionType } from "../catalogue.ts";
import { accept, unchecked, type Verdict } from "../verdict.ts";
import { judgeHost, judgeHostDomain, judgeHostname, judgeIp } from "./addresses.ts";
import { judgeDict, judgeList } from "./containers.ts";
import { judgeBoolean, judgeFloat, judgeInteger, judgeRange, judgeString } from "./scalars.ts";
import { judgeUri } from "./uri.ts";

/** What a type of oslo.config does with the text of an option, after references in it were resolved. Never throws. */
export function judgeText(type: OptionType, text: string): Verdict {
  switch (type.kind) {
    case "string":
      return judgeString(type, text);
    case "boolean":
      return judgeBoolean(text);
    case "integer":
    case "port":
      return judgeInteger(type, text);
    case "float":
      return judgeFloat(type, text);
    case "list":
      return judgeList(type, text, judgeText);
    case "dict":
      return judgeDict(type, text, judgeText);
    case "range":
      return judgeRange(type, text);
    case "ip":
      return judgeIp(type.version, text);
    case "host":
      return judgeHost(type.version, text);
    case "hostname":
      return judgeHostname(text);
    case "hostdomain":
      return judgeHostDomain(type.version, text);
    case "uri":
      return judgeUri(type, text);
    case "ignored":
      return accept(null);
    case "unchecked":
      return unchecked(`the type ${type.name} is judged by the service alone`);
  }
}
