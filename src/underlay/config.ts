import ipaddr from "ipaddr.js";
import { UnderlayError } from "./errors.ts";

/** Addresses and names of the local underlay. All of them can be changed; the defaults suit a laptop. */
export interface UnderlayConfig {
  /** Bridge on the machine that joins it with the nodes, and the network on it (machine = first address). */
  readonly nodeBridge: string;
  readonly nodeCidr: string;
  /** Bridge of the provider network, where floating IPs live (machine = first address). */
  readonly providerBridge: string;
  readonly providerCidr: string;
  /** MTU of both bridges, in bytes. */
  readonly mtu: number;
  /** Range of all pods; node number i gets its i-th /24. */
  readonly podCidr: string;
  readonly serviceCidr: string;
  /** Address of the cluster's DNS, inside `serviceCidr`. */
  readonly dnsAddress: string;
  readonly clusterDomain: string;
  /** Name under which nodes reach the API server: it can move to a shared address when there are more control planes. */
  readonly apiName: string;
  readonly apiPort: number;
  readonly nodes: readonly NodeConfig[];
}

export interface NodeConfig {
  readonly name: string;
  /** 1 to 200: the node's address is `nodeCidr` + 10 + number, its pods are in the number-th /24 of `podCidr`. */
  readonly number: number;
}

export const DEFAULT_CONFIG: UnderlayConfig = {
  nodeBridge: "underpin0",
  nodeCidr: "10.90.0.0/24",
  providerBridge: "underpin1",
  providerCidr: "10.91.0.0/24",
  mtu: 1500,
  podCidr: "10.244.0.0/16",
  serviceCidr: "10.96.0.0/16",
  dnsAddress: "10.96.0.10",
  clusterDomain: "cluster.local",
  apiName: "api.underpin.internal",
  apiPort: 6443,
  nodes: [{ name: "n1", number: 1 }],
};

/** The `offset`-th address of an IPv4 range. Throws UnderlayError when the range is not one or too small. */
export function addressAt(cidr: string, offset: number): string {
  const [network, bits] = parseRange(cidr);
  if (offset >= 2 ** (32 - bits))
    throw new UnderlayError(`${cidr} has no address number ${offset}`, "Choose a larger range.");
  const value = network + offset;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** Number of leading bits of an IPv4 range. */
export function prefixLength(cidr: string): number {
  return parseRange(cidr)[1];
}

/** True when two IPv4 ranges share an address. */
export function overlaps(a: string, b: string): boolean {
  const [startA, bitsA] = parseRange(a);
  const [startB, bitsB] = parseRange(b);
  return startA < startB + 2 ** (32 - bitsB) && startB < startA + 2 ** (32 - bitsA);
}

/** Address of a node on the node network. */
export function nodeAddress(config: UnderlayConfig, node: NodeConfig): string {
  return addressAt(config.nodeCidr, 10 + node.number);
}

/** Range of a node's pods, a /24. */
export function nodePodCidr(config: UnderlayConfig, node: NodeConfig): string {
  return `${addressAt(config.podCidr, node.number * 256)}/24`;
}

/** The machine's own address on a bridge's network. */
export function machineAddress(cidr: string): string {
  return addressAt(cidr, 1);
}

/** Throws UnderlayError when ranges are malformed or overlap each other, or a name does not fit. */
export function validateConfig(config: UnderlayConfig): void {
  const ranges = {
    nodeCidr: config.nodeCidr,
    providerCidr: config.providerCidr,
    podCidr: config.podCidr,
    serviceCidr: config.serviceCidr,
  };
  const entries = Object.entries(ranges);
  for (const [index, [name, cidr]] of entries.entries()) {
    parseRange(cidr);
    for (const [other, range] of entries.slice(index + 1)) {
      if (overlaps(cidr, range))
        throw new UnderlayError(
          `${name} ${cidr} and ${other} ${range} overlap`,
          "Choose ranges that share no address.",
        );
    }
  }
  for (const bridge of [config.nodeBridge, config.providerBridge]) {
    if (!/^[a-z][a-z0-9-]{0,14}$/.test(bridge))
      throw new UnderlayError(
        `"${bridge}" cannot be the name of a bridge`,
        "Use up to 15 lower-case letters, digits and hyphens.",
      );
  }
  if (config.nodes.length === 0) throw new UnderlayError("The underlay has no node", "List at least one node.");
}

function parseRange(cidr: string): [start: number, bits: number] {
  if (!ipaddr.IPv4.isValidCIDR(cidr))
    throw new UnderlayError(`"${cidr}" is no IPv4 range`, 'Write it like "10.90.0.0/24".');
  const [address, bits] = ipaddr.IPv4.parseCIDR(cidr);
  const value = address.octets.reduce((sum, octet) => sum * 256 + octet, 0);
  return [Math.floor(value / 2 ** (32 - bits)) * 2 ** (32 - bits), bits];
}
