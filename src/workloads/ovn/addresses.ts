import type { BuildInput } from "../contract.ts";

export interface Database {
  readonly short: "nb" | "sb";
  /** Name of the Service and of the StatefulSet. */
  readonly service: string;
  readonly port: number;
  /** Name of the database in OVSDB. */
  readonly schema: string;
}

export const databases: readonly Database[] = [
  { short: "nb", service: "ovn-nb", port: 6641, schema: "OVN_Northbound" },
  { short: "sb", service: "ovn-sb", port: 6642, schema: "OVN_Southbound" },
];

/** Connection of the northbound database, `tcp:10.96.1.2:6641`; undefined until its Service has an address. */
export function northbound(input: BuildInput): string | undefined {
  return connection(input, "ovn-nb", 6641);
}

/** Connection of the southbound database; undefined until its Service has an address. */
export function southbound(input: BuildInput): string | undefined {
  return connection(input, "ovn-sb", 6642);
}

function connection(input: BuildInput, service: string, port: number): string | undefined {
  const address = input.facts.clusterIPs[service];
  if (address === undefined) return undefined;
  return `tcp:${address.includes(":") ? `[${address}]` : address}:${port}`;
}
