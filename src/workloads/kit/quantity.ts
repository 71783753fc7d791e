const BINARY: Readonly<Record<string, number>> = {
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};
const DECIMAL: Readonly<Record<string, number>> = { m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 };

/**
 * The form in which the API server returns a quantity (`1000m` → `1`, `1024Mi` → `1Gi`), so that what is desired equals
 * what is live. https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
 * @throws TypeError when it is not a quantity
 */
export function canonicalQuantity(text: string): string {
  // The server keeps an exponent.
  if (/^\d+(\.\d+)?[eE]\d+$/.test(text)) return text;
  const match = /^(\d+(?:\.\d+)?)(m|[kMGTPE]|[KMGTPE]i)?$/.exec(text);
  if (match === null) throw new TypeError(`"${text}" is not a quantity; write for example 500m, 2, 256Mi or 10Gi`);
  const value = Number(match[1]);
  const suffix = match[2] ?? "";
  if (value === 0) return "0";
  if (suffix in BINARY) return largest(value * (BINARY[suffix] ?? 1), BINARY) ?? String(value * (BINARY[suffix] ?? 1));
  const thousandths = Math.ceil(value * (DECIMAL[suffix] ?? 1) * 1000 - 1e-9);
  return thousandths % 1000 === 0 ? (largest(thousandths / 1000, DECIMAL) ?? `${thousandths}m`) : `${thousandths}m`;
}

/** `value` with the largest unit that leaves it whole. */
function largest(value: number, units: Readonly<Record<string, number>>): string | undefined {
  const fitting = Object.entries(units).filter(
    ([, size]) => size >= 1 && value >= size && Number.isInteger(value / size),
  );
  const best = fitting.sort(([, left], [, right]) => right - left)[0];
  return best === undefined ? undefined : `${value / best[1]}${best[0]}`;
}

/** Requests and limits in canonical form; an absent part stays absent. */
export function canonicalResources(resources: Resources): Record<string, Record<string, string>> {
  return Object.fromEntries(
    Object.entries(resources)
      .filter(([, amounts]) => amounts !== undefined && Object.keys(amounts).length > 0)
      .map(([kind, amounts]) => [kind, canonicalAmounts(amounts ?? {})]),
  );
}

export interface Resources {
  readonly requests?: Amounts | undefined;
  readonly limits?: Amounts | undefined;
}
export type Amounts = Readonly<Record<string, string | undefined>>;

function canonicalAmounts(amounts: Amounts): Record<string, string> {
  const given = Object.entries(amounts).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given.map(([name, amount]) => [name, canonicalQuantity(amount)]));
}
