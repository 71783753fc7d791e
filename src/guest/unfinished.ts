import {
  floatingIps,
  networks,
  ports,
  removeRouterInterface,
  routers,
  securityGroups,
  type Network,
  type Router,
} from "../openstack/network.ts";
import type { Session } from "../openstack/session.ts";

/**
 * The description of a network or router that is being made with what belongs to it. neutron writes its own records first and
 * OVN's after them; what the end of a node cuts in between looks whole to every later call, and is repaired late or never: a
 * subnet of a network without its metadata port has no DHCP for good (`update_metadata_port` and `create_subnet` of
 * neutron/plugins/ml2/drivers/ovn/mech_driver/ovsdb/ovn_client.py). So the first of a chain carries this until the last is
 * there. One that still has it is removed and made anew.
 */
export const BEING_MADE = "underpin is making this";

export function isUnfinished(made: { readonly description?: string }): boolean {
  return made.description === BEING_MADE;
}

/** The description of what is whole. */
export const FINISHED = { description: "" };

/** Removes a network that nobody uses yet, with its subnets and ports. Throws OpenStackError. */
export async function removeNetwork(session: Session, network: Network): Promise<void> {
  const own = await ports.list(session, { network_id: network.id });
  // neutron's own, for metadata, go with the network.
  const ours = own.filter(({ device_owner: owner }) => owner !== "network:distributed");
  await Promise.all(ours.map(({ id }) => ports.delete(session, id)));
  await networks.delete(session, network.id);
}

/** The same, with the project's security group of the network's name. Throws OpenStackError. */
export async function removeGuestNetwork(session: Session, network: Network): Promise<void> {
  await removeNetwork(session, network);
  const { projectId } = await session.self();
  const groups = await securityGroups.list(session, { name: network.name, project_id: projectId });
  await Promise.all(groups.map(({ id }) => securityGroups.delete(session, id)));
}

/** Removes a router that nobody uses yet, with its interfaces and the floating IPs behind it. Throws OpenStackError. */
export async function removeRouter(session: Session, router: Router): Promise<void> {
  const floating = await floatingIps.list(session, { router_id: router.id });
  await Promise.all(floating.map(({ id }) => floatingIps.delete(session, id)));
  const own = await ports.list(session, { device_id: router.id, device_owner: "network:router_interface" });
  for (const { fixed_ips: addresses } of own)
    for (const { subnet_id: subnet } of addresses) await removeRouterInterface(session, router.id, subnet);
  await routers.delete(session, router.id);
}
