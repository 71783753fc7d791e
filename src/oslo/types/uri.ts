import type { OptionType } from "../catalogue.ts";
import { length } from "../python-text.ts";
import { accept, reject, type Verdict } from "../verdict.ts";

/** The grammar of rfc3986 2.0 (rfc3986/abnf_regexp.py). Python's `$` is also before a last line break. */
const END = "(?=\\n?$)";
const SUB_DELIMITERS = "!$&'()\\*+,;=";
const UNRESERVED = "A-Za-z0-9._~\\-";
const ENCODED = "%[A-Fa-f0-9]{2}";
const USERINFO = `(?:[${UNRESERVED}${SUB_DELIMITERS}:]|${ENCODED})+`;
const NAME = `(?:${ENCODED}|[${SUB_DELIMITERS}${UNRESERVED}])*`;
const IPV4 = "(?:[0-9]{1,3}\\.){3}[0-9]{1,3}";
const HEX = "[0-9A-Fa-f]{1,4}";
const LAST = `(?:${HEX}:${HEX}|${IPV4})`;
const IPV6 = `(?:${[
  `(?:${HEX}:){6}${LAST}`,
  `::(?:${HEX}:){5}${LAST}`,
  `(?:${HEX})?::(?:${HEX}:){4}${LAST}`,
  `(?:(?:${HEX}:)?${HEX})?::(?:${HEX}:){3}${LAST}`,
  `(?:(?:${HEX}:){0,2}${HEX})?::(?:${HEX}:){2}${LAST}`,
  `(?:(?:${HEX}:){0,3}${HEX})?::${HEX}:${LAST}`,
  `(?:(?:${HEX}:){0,4}${HEX})?::${LAST}`,
  `(?:(?:${HEX}:){0,5}${HEX})?::${HEX}`,
  `(?:(?:${HEX}:){0,6}${HEX})?::`,
].join("|")})`;
const FUTURE = `v[0-9A-Fa-f]+\\.[${UNRESERVED}${SUB_DELIMITERS}:]+`;
const ZONE = `(?:[${UNRESERVED}]|${ENCODED})+`;
const LITERAL = `\\[(?:${IPV6}(?:(?:%25|%)${ZONE})?|${FUTURE})\\]`;

const PARTS = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(?:\/\/([^\\/?#]*))?([^?#]*)/;
const AUTHORITY = new RegExp(`^(?:${USERINFO}@)?(${NAME}|${IPV4}|${LITERAL}):?(?:[0-9]{1,5})?${END}`);
const IPV4_HOST = new RegExp(`^${IPV4}${END}`);
const IPV6_HOST = new RegExp(`^\\[${IPV6}(?:(?:%25|%)${ZONE})?\\]${END}`);
const IPV6_HOST_STRICT = new RegExp(`^\\[${IPV6}(?:%25${ZONE})?\\]${END}`);

/** `URI`: scheme and host are there and valid, and the path is. */
export function judgeUri(type: Extract<OptionType, { readonly kind: "uri" }>, text: string): Verdict {
  const [, scheme, authority = "", path = ""] = PARTS.exec(text) ?? [];
  const schemes = type.schemes ?? [];
  const allowed = `a URI like ${schemes[0] ?? "https"}://host/path`;
  if (scheme === undefined || !hostFits(authority)) return reject(allowed, text);
  // What is not allowed in a path is counted as encoded, but for brackets.
  if (/[[\]]/.test(path)) return reject(`${allowed}, no brackets in its path`, text);
  if (schemes.length > 0 && !schemes.some((one) => one.toLowerCase() === scheme))
    return reject(`a URI whose scheme is ${schemes.join(" or ")}`, text);
  if (type.maxLength !== undefined && length(text) > type.maxLength)
    return reject(`at most ${type.maxLength} characters`, text);
  return accept(text);
}

function hostFits(authority: string): boolean {
  if (authority === "") return false;
  const host = AUTHORITY.exec(authority)?.[1];
  if (host === undefined) return false;
  if (IPV4_HOST.test(host)) return host.split(".").every((byte) => Number(byte) <= 255);
  return !IPV6_HOST.test(host) || IPV6_HOST_STRICT.test(host);
}
