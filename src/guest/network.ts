import {
  addRouterInterface,
  floatingIps,
  networks,
  ports,
  routers,
  securityGroupRules,
  securityGroups,
  subnets,
  type FloatingIp,
  type Network,
  type Port,
  type Router,
  type SecurityGroup,
  type SecurityGroupRule,
  type Subnet,
} from "../openstack/network.ts";
import type { Session } from "../openstack/session.ts";
import { createWanted, findOrCreate, type Wanted } from "./find.ts";
import { part, type GuestReport } from "./report.ts";
import { BEING_MADE, FINISHED, isUnfinished, removeGuestNetwork, removeNetwork, removeRouter } from "./unfinished.ts";

/** A provider network as the Cloud describes it. */
export interface Provider {
  /** Name of the network and of its physical network. */
  readonly name: string;
  /** 0: untagged. */
  readonly vlan: number;
  readonly cidr: string;
  readonly gateway?: string | undefined;
  /** First and last address that may be given away: `10.91.0.100-10.91.0.200`. */
  readonly pool: string;
}

export interface GuestNetworkInput {
  /** Name of everything that belongs to the guest. */
  readonly name: string;
  readonly provider: Provider;
  /** Range of the guest's own network; default 10.9.0.0/24. */
  readonly cidr?: string;
}

export interface GuestPort {
  readonly portId: string;
  readonly networkId: string;
  readonly subnetId: string;
  readonly changed: readonly string[];
}

/** The guest's network, its security group, and the port: all that a server needs to start. Throws OpenStackError. */
export async function ensureGuestPort(
  session: Session,
  input: GuestNetworkInput,
  report: GuestReport,
): Promise<GuestPort> {
  return part(report, "guest/port", async () => {
    const { name, cidr = "10.9.0.0/24" } = input;
    const changed: string[] = [];
    const { projectId } = await session.self();
    const network = await ensureWhole(
      session,
      { kind: "network", collection: networks, name, query: { project_id: projectId }, fields: {} },
      { remove: removeGuestNetwork, changed },
    );
    const [subnet, group] = await Promise.all([
      ensureSubnet(session, { name, network, cidr, fields: {} }, changed),
      ensureSecurityGroup(session, name, changed),
    ]);
    const port = await ensurePort(session, { name, network, group }, changed);
    if (isUnfinished(network)) await networks.update(session, network.id, FINISHED);
    return { portId: port.id, networkId: network.id, subnetId: subnet.id, changed };
  });
}

/** The first of a chain, which says so until whoever calls this has made the rest. What an earlier run left half made goes before. */
async function ensureWhole<T extends Network | Router>(
  session: Session,
  wanted: Wanted<T>,
  { remove, changed }: { remove: (session: Session, half: T) => Promise<void>; changed: string[] },
): Promise<T> {
  const { kind, name } = wanted;
  const found = await wanted.collection.find(session, name, wanted.query);
  if (found !== undefined && !isUnfinished(found)) return found;
  if (found !== undefined) {
    await remove(session, found);
    changed.push(`removed an unfinished ${kind} ${name}`);
  }
  return createWanted(session, { ...wanted, fields: { ...wanted.fields, description: BEING_MADE } }, changed);
}

export interface GuestAddress {
  /** Where the guest is reached from outside. */
  readonly address: string;
  readonly changed: readonly string[];
}

/** Provider network, router and floating IP: the way to the guest, which can be made while it starts. Throws OpenStackError. */
export async function ensureGuestAddress(
  session: Session,
  input: GuestNetworkInput & { readonly port: GuestPort },
  report: GuestReport,
): Promise<GuestAddress> {
  return part(report, "guest/address", async () => {
    const { name, port } = input;
    const changed: string[] = [];
    const external = await ensureProvider(session, input.provider, changed);
    const router = await ensureRouter(session, { name, external, port }, changed);
    const floating = await ensureFloatingIp(session, { name, external, port }, changed);
    if (isUnfinished(router)) await routers.update(session, router.id, FINISHED);
    return { address: floating.floating_ip_address, changed };
  });
}

/** The network outside the cloud, with its subnet. */
async function ensureProvider(session: Session, provider: Provider, changed: string[]): Promise<Network> {
  const { name, vlan, cidr } = provider;
  const segment =
    vlan === 0
      ? { "provider:network_type": "flat" }
      : { "provider:network_type": "vlan", "provider:segmentation_id": vlan };
  const fields = { "router:external": true, "provider:physical_network": name, ...segment };
  const query = { "router:external": true };
  const wanted = { kind: "network", collection: networks, name, query, fields };
  const network = await ensureWhole(session, wanted, { remove: removeNetwork, changed });
  const [start, end] = provider.pool.split("-");
  const addresses = { gateway_ip: provider.gateway ?? null, enable_dhcp: false, allocation_pools: [{ start, end }] };
  await ensureSubnet(session, { name, network, cidr, fields: addresses }, changed);
  if (isUnfinished(network)) await networks.update(session, network.id, FINISHED);
  return network;
}

async function ensureSubnet(
  session: Session,
  wanted: { name: string; network: Network; cidr: string; fields: Readonly<Record<string, unknown>> },
  changed: string[],
): Promise<Subnet> {
  const { name, network, cidr } = wanted;
  const fields = { network_id: network.id, ip_version: 4, cidr, ...wanted.fields };
  const query = { network_id: network.id, cidr };
  return findOrCreate(session, { kind: "subnet", collection: subnets, name, query, fields }, changed);
}

/** A router from the guest's network to the provider network. */
async function ensureRouter(
  session: Session,
  wanted: { name: string; external: Network; port: GuestPort },
  changed: string[],
): Promise<Router> {
  const { name, external, port } = wanted;
  const gateway = { external_gateway_info: { network_id: external.id } };
  const query = { project_id: (await session.self()).projectId };
  const router = await ensureWhole(
    session,
    { kind: "router", collection: routers, name, query, fields: gateway },
    { remove: removeRouter, changed },
  );
  if (router.external_gateway_info?.network_id !== external.id) {
    await routers.update(session, router.id, gateway);
    changed.push(`connected router ${name} to network ${external.name}`);
  }
  const interfaces = await ports.list(session, { device_id: router.id, network_id: port.networkId });
  if (interfaces.length > 0) return router;
  await addRouterInterface(session, router.id, port.subnetId);
  changed.push(`connected router ${name} to its network`);
  return router;
}

const INGRESS = [
  { protocol: "icmp", ports: {} },
  { protocol: "tcp", ports: { port_range_min: 22, port_range_max: 22 } },
];

/** Lets in ping and ssh. */
async function ensureSecurityGroup(session: Session, name: string, changed: string[]): Promise<SecurityGroup> {
  const query = { project_id: (await session.self()).projectId };
  const fields = { description: "ping and ssh" };
  const wanted = { kind: "security group", collection: securityGroups, name, query, fields };
  const group = await findOrCreate(session, wanted, changed);
  const missing = INGRESS.filter(({ protocol }) => !group.security_group_rules.some((rule) => lets(rule, protocol)));
  await Promise.all(
    missing.map(async ({ protocol, ports }) => {
      const rule = { security_group_id: group.id, direction: "ingress", ethertype: "IPv4", protocol, ...ports };
      await securityGroupRules.create(session, rule);
      changed.push(`let ${protocol === "tcp" ? "ssh" : protocol} into security group ${name}`);
    }),
  );
  return group;
}

function lets(rule: SecurityGroupRule, protocol: string): boolean {
  return rule.direction === "ingress" && rule.ethertype === "IPv4" && rule.protocol === protocol;
}

async function ensurePort(
  session: Session,
  wanted: { name: string; network: Network; group: SecurityGroup },
  changed: string[],
): Promise<Port> {
  const { name, network, group } = wanted;
  const fields = { network_id: network.id, security_groups: [group.id] };
  const query = { network_id: network.id };
  return findOrCreate(session, { kind: "port", collection: ports, name, query, fields }, changed);
}

/** Floating IPs have no name: ours has the guest's in its description. */
async function ensureFloatingIp(
  session: Session,
  wanted: { name: string; external: Network; port: GuestPort },
  changed: string[],
): Promise<FloatingIp> {
  const { name, external, port } = wanted;
  const known = await floatingIps.list(session, { floating_network_id: external.id });
  const found =
    known.find((ip) => ip.port_id === port.portId) ??
    known.find((ip) => ip.description === name && ip.port_id === null);
  if (found?.port_id === port.portId) return found;
  if (found !== undefined) {
    changed.push(`gave floating IP ${found.floating_ip_address} back to ${name}`);
    return floatingIps.update(session, found.id, { port_id: port.portId });
  }
  const fields = { floating_network_id: external.id, port_id: port.portId, description: name };
  const made = await floatingIps.create(session, fields);
  changed.push(`created floating IP ${made.floating_ip_address}`);
  return made;
}
