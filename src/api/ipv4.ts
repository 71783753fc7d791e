/** An IPv4 range as numbers; both ends belong to it. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

const OCTET = /^(0|[1-9][0-9]{0,2})$/;

/** The address as a number, or undefined when the text is no address in dotted form without leading zeros. */
export function parseAddress(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => OCTET.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((value, part) => value * 256 + Number(part), 0);
}

/** The range of `10.91.0.0/24`, or undefined when it is no range or has bits set beyond its prefix. */
export function parseCidr(text: string): Range | undefined {
  const [base, prefix, ...more] = text.split("/");
  if (base === undefined || prefix === undefined || more.length > 0 || !/^(0|[1-9][0-9]?)$/.test(prefix))
    return undefined;
  const first = parseAddress(base);
  const bits = Number(prefix);
  if (first === undefined || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  return first % size === 0 ? { first, last: first + size - 1 } : undefined;
}

/** The range of `10.91.0.100-10.91.0.200`, or undefined when it is none or its ends are the wrong way round. */
export function parsePool(text: string): Range | undefined {
  const [from, to, ...more] = text.split("-");
  if (from === undefined || to === undefined || more.length > 0) return undefined;
  const first = parseAddress(from);
  const last = parseAddress(to);
  return first === undefined || last === undefined || first > last ? undefined : { first, last };
}

export function overlaps(a: Range, b: Range): boolean {
  return a.first <= b.last && b.first <= a.last;
}

export function contains(outer: Range, inner: Range): boolean {
  return outer.first <= inner.first && inner.last <= outer.last;
}
