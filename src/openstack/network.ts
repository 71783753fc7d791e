import { Collection, type Resource } from "./resource.ts";
import type { Session } from "./session.ts";

export interface Network extends Resource {
  readonly description?: string;
  readonly status: string;
  readonly subnets: readonly string[];
  readonly "router:external"?: boolean;
  readonly "provider:physical_network"?: string | null;
  readonly "provider:network_type"?: string;
}
export interface Subnet extends Resource {
  readonly network_id: string;
  readonly cidr: string;
  readonly gateway_ip: string | null;
  readonly enable_dhcp: boolean;
}
export interface Router extends Resource {
  readonly description?: string;
  readonly status: string;
  readonly external_gateway_info: { readonly network_id: string } | null;
}
export interface Port extends Resource {
  readonly network_id: string;
  readonly device_id: string;
  readonly device_owner: string;
  readonly status: string;
  readonly fixed_ips: readonly { readonly subnet_id: string; readonly ip_address: string }[];
}
export interface FloatingIp {
  readonly id: string;
  readonly floating_ip_address: string;
  readonly floating_network_id: string;
  readonly port_id: string | null;
  readonly description: string;
  readonly status: string;
}
export interface SecurityGroup extends Resource {
  readonly security_group_rules: readonly SecurityGroupRule[];
}
export interface SecurityGroupRule {
  readonly id: string;
  readonly direction: "ingress" | "egress";
  readonly ethertype: "IPv4" | "IPv6";
  readonly protocol: string | null;
  readonly port_range_min: number | null;
  readonly port_range_max: number | null;
  readonly remote_ip_prefix: string | null;
}
export interface NetworkAgent {
  readonly id: string;
  readonly agent_type: string;
  readonly host: string;
  readonly alive: boolean;
}

const kind = <T extends { readonly id: string }>(one: string, many = `${one}s`): Collection<T> =>
  new Collection<T>({ service: "network", path: `/${many.replaceAll("_", "-")}`, one, many, update: "PUT" });

export const networks = kind<Network>("network");
export const subnets = kind<Subnet>("subnet");
export const routers = kind<Router>("router");
export const ports = kind<Port>("port");
export const floatingIps = kind<FloatingIp>("floatingip");
export const securityGroups = kind<SecurityGroup>("security_group");
export const securityGroupRules = kind<SecurityGroupRule>("security_group_rule");
export const networkAgents = kind<NetworkAgent>("agent");

export async function addRouterInterface(session: Session, router: string, subnet: string): Promise<void> {
  const path = `/routers/${router}/add_router_interface`;
  await session.request({ service: "network", method: "PUT", path, json: { subnet_id: subnet } });
}

export async function removeRouterInterface(session: Session, router: string, subnet: string): Promise<void> {
  const path = `/routers/${router}/remove_router_interface`;
  await session.request({ service: "network", method: "PUT", path, json: { subnet_id: subnet } });
}
