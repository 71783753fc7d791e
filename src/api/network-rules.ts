import { contains, overlaps, parseAddress, parseCidr, parsePool } from "./ipv4.ts";
import { type Rule, unless, type Violation } from "./rule.ts";

interface Provider {
  readonly name: string;
  readonly interface: string;
  readonly vlan?: number;
  readonly cidr: string;
  readonly gateway?: string;
  readonly pool: string;
}
interface Network {
  readonly provider?: readonly Provider[];
  readonly tunnelCIDR?: string;
}
const IPV4 = "(isCIDR(X) && cidr(X).ip().family() == 4 && cidr(X).masked() == cidr(X))";
const isRange = (field: string): string => IPV4.replaceAll("X", field);
/** An IPv4 address as a number, in CEL. */
const number = (text: string): string =>
  `(${[0, 1, 2, 3].map((octet) => `int(${text}.split('.')[${octet}]) * ${256 ** (3 - octet)}`).join(" + ")})`;
const FROM = "self.pool.split('-')[0]";
const TO = "self.pool.split('-')[1]";
const POOL_IS_RANGE =
  "self.pool.split('-').size() == 2 && self.pool.split('-').all(x, isIP(x) && ip(x).family() == 4) && " +
  `${number(FROM)} <= ${number(TO)}`;

const providerRules: readonly Rule[] = [
  {
    code: "bad-cidr",
    at: "spec.network.provider.*",
    field: "cidr",
    cel: isRange("self.cidr"),
    message:
      "The network's range is an IPv4 address and a prefix, with no bits set beyond the prefix. Example: cidr: 10.91.0.0/24",
    judge: (self: Provider) => unless(parseCidr(self.cidr) !== undefined),
  },
  {
    code: "bad-gateway",
    at: "spec.network.provider.*",
    field: "gateway",
    cel: `!has(self.gateway) || !${isRange("self.cidr")} || (isIP(self.gateway) && cidr(self.cidr).containsIP(self.gateway))`,
    message: "The gateway is an address of the network's range. Example: {cidr: 10.91.0.0/24, gateway: 10.91.0.1}",
    judge: (self: Provider) => unless(self.gateway === undefined || inRange(self.cidr, self.gateway)),
  },
  {
    code: "bad-pool",
    at: "spec.network.provider.*",
    field: "pool",
    cel: POOL_IS_RANGE,
    message: "The pool is a first and a last IPv4 address. Example: pool: 10.91.0.100-10.91.0.200",
    judge: (self: Provider) => unless(parsePool(self.pool) !== undefined),
  },
  {
    code: "pool-outside-cidr",
    at: "spec.network.provider.*",
    field: "pool",
    cel: `!${isRange("self.cidr")} || !(${POOL_IS_RANGE}) || self.pool.split('-').all(x, cidr(self.cidr).containsIP(x))`,
    message: "The pool lies within the network's range. Example: {cidr: 10.91.0.0/24, pool: 10.91.0.100-10.91.0.200}",
    judge: poolInside,
  },
  {
    code: "gateway-in-pool",
    at: "spec.network.provider.*",
    field: "pool",
    cel:
      `!has(self.gateway) || !isIP(self.gateway) || ip(self.gateway).family() != 4 || !(${POOL_IS_RANGE}) || ` +
      `${number("self.gateway")} < ${number(FROM)} || ${number("self.gateway")} > ${number(TO)}`,
    message:
      "The gateway's address is not given away: it lies outside the pool. Example: {gateway: 10.91.0.1, pool: 10.91.0.100-10.91.0.200}",
    judge: gatewayOutsidePool,
  },
];

const networkRules: readonly Rule[] = [
  {
    code: "bad-cidr",
    at: "spec.network",
    field: "tunnelCIDR",
    cel: `!has(self.tunnelCIDR) || ${isRange("self.tunnelCIDR")}`,
    message:
      "The tunnels' network is an IPv4 address and a prefix, with no bits set beyond the prefix. Example: tunnelCIDR: 10.20.0.0/24",
    judge: (self: Network) => unless(self.tunnelCIDR === undefined || parseCidr(self.tunnelCIDR) !== undefined),
  },
  {
    code: "overlapping-cidr",
    at: "spec.network",
    field: "provider",
    cel:
      "!has(self.provider) || self.provider.all(a, !isCIDR(a.cidr) || self.provider.all(b, a.name == b.name || !isCIDR(b.cidr) || " +
      "!(cidr(a.cidr).containsCIDR(b.cidr) || cidr(b.cidr).containsCIDR(a.cidr))))",
    message: "Ranges of provider networks do not overlap: an address would be in two networks.",
    judge: overlappingProviders,
  },
  {
    code: "overlapping-cidr",
    at: "spec.network",
    field: "tunnelCIDR",
    cel:
      "!has(self.tunnelCIDR) || !isCIDR(self.tunnelCIDR) || !has(self.provider) || self.provider.all(a, !isCIDR(a.cidr) || " +
      "!(cidr(a.cidr).containsCIDR(self.tunnelCIDR) || cidr(self.tunnelCIDR).containsCIDR(a.cidr)))",
    message: "The tunnels' network overlaps no provider network.",
    judge: overlappingTunnel,
  },
  {
    code: "same-vlan",
    at: "spec.network",
    field: "provider",
    cel:
      "!has(self.provider) || self.provider.all(a, self.provider.all(b, a.name == b.name || a.interface != b.interface || " +
      "(has(a.vlan) ? a.vlan : 0) != (has(b.vlan) ? b.vlan : 0)))",
    message:
      "Two provider networks on one interface have different VLANs. Example: {name: storage, interface: eth1, vlan: 120}",
    judge: sameVlan,
  },
];

function inRange(cidr: string, address: string): boolean {
  const range = parseCidr(cidr);
  const value = parseAddress(address);
  if (range === undefined) return true; // the range's own rule speaks
  return value !== undefined && value >= range.first && value <= range.last;
}

function poolInside(self: Provider): Violation | undefined {
  const range = parseCidr(self.cidr);
  const pool = parsePool(self.pool);
  return unless(range === undefined || pool === undefined || contains(range, pool));
}

function gatewayOutsidePool(self: Provider): Violation | undefined {
  const pool = parsePool(self.pool);
  const gateway = parseAddress(self.gateway ?? "");
  return unless(pool === undefined || gateway === undefined || gateway < pool.first || gateway > pool.last);
}

/** The first later network that clashes with an earlier one. */
function clash(
  list: readonly Provider[],
  field: string,
  clashes: (a: Provider, b: Provider) => boolean,
): Violation | undefined {
  for (const [index, later] of list.entries()) {
    const earlier = list.slice(0, index).find((one) => one.name !== later.name && clashes(one, later));
    if (earlier !== undefined)
      return { field: `provider.${index}.${field}`, message: `"${later.name}" and "${earlier.name}" clash.` };
  }
  return undefined;
}

function overlappingProviders(self: Network): Violation | undefined {
  return clash(self.provider ?? [], "cidr", (a, b) => {
    const [first, second] = [parseCidr(a.cidr), parseCidr(b.cidr)];
    return first !== undefined && second !== undefined && overlaps(first, second);
  });
}

function overlappingTunnel(self: Network): Violation | undefined {
  const tunnel = parseCidr(self.tunnelCIDR ?? "");
  const ranges = (self.provider ?? []).map((one) => parseCidr(one.cidr));
  return unless(tunnel === undefined || ranges.every((range) => range === undefined || !overlaps(range, tunnel)));
}

function sameVlan(self: Network): Violation | undefined {
  return clash(self.provider ?? [], "vlan", (a, b) => a.interface === b.interface && (a.vlan ?? 0) === (b.vlan ?? 0));
}

export const NETWORK_RULES: readonly Rule[] = [...providerRules, ...networkRules];
