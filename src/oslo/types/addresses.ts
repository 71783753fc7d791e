import { length } from "../python-text.ts";
import { accept, reject, type Verdict } from "../verdict.ts";

type Version = 4 | 6 | undefined;

/** `IPAddress` */
export function judgeIp(version: Version, text: string): Verdict {
  const fits = (version !== 6 && isIpv4(text)) || (version !== 4 && isIpv6(text));
  return fits ? accept(text) : reject(`an IP${version === undefined ? "" : `v${version}`} address`, text);
}

/** What `re.IGNORECASE` adds to `[A-Z]`: letters of other scripts whose upper or lower case is one of ours. */
const LETTERS = "A-Za-z\\u0130\\u0131\\u017f\\u212a";
const HOSTNAME_PART = new RegExp(`^(?!-)[${LETTERS}0-9-]{1,63}(?<!-)(?=\\n?$)`);
const DOMAIN_PART = new RegExp(`^(?!-)[${LETTERS}0-9_-]{1,63}(?<!-)(?=\\n?$)`);

/** `Hostname`: a dot at the end goes away. */
export function judgeHostname(text: string): Verdict {
  const value = hostname(text, HOSTNAME_PART);
  return value === undefined ? reject("a host name (letters, digits, hyphens and dots)", text) : accept(value);
}

/** `HostAddress` */
export function judgeHost(version: Version, text: string): Verdict {
  const value = judgeIp(version, text).verdict === "accept" ? text : hostname(text, HOSTNAME_PART);
  return value === undefined ? reject(`${addressWords(version)} or a host name`, text) : accept(value);
}

/** `HostDomain`: as `HostAddress`, and underscores in names. */
export function judgeHostDomain(version: Version, text: string): Verdict {
  const host = judgeHost(version, text);
  const value = hostname(text, DOMAIN_PART);
  if (host.verdict === "accept" || value === undefined) return host;
  return accept(value);
}

function addressWords(version: Version): string {
  return `an IP${version === undefined ? "" : `v${version}`} address`;
}

function hostname(text: string, part: RegExp): string | undefined {
  if (text === "" || length(text) > 253) return undefined;
  const parts = (text.endsWith(".") ? text.slice(0, -1) : text).split(".");
  if (!/[a-zA-Z-]/.test(parts.at(-1) ?? "")) return undefined;
  return parts.every((one) => part.test(one)) ? parts.join(".") : undefined;
}

/** As glibc's inet_pton(AF_INET) and netaddr: four decimal numbers without leading zeros. */
function isIpv4(text: string): boolean {
  const parts = text.split(".");
  return parts.length === 4 && parts.every((part) => /^(?:0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255);
}

/** As glibc's inet_pton(AF_INET6): `::` stands for one group at least; an IPv4 address may be the end; no zone. */
function isIpv6(text: string): boolean {
  const halves = text.split("::");
  if (halves.length > 2) return false;
  const [before, after] = halves.map((half) => (half === "" ? [] : half.split(":")));
  const groups = [...(before ?? []), ...(after ?? [])];
  const last = groups.at(-1) ?? "";
  // Only the very end of the text may be an IPv4 address.
  const mixed = isIpv4(last) && !text.endsWith("::");
  const hex = mixed ? groups.slice(0, -1) : groups;
  const count = hex.length + (mixed ? 2 : 0);
  return hex.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group)) && (after === undefined ? count === 8 : count <= 7);
}
