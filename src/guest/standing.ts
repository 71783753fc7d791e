import { consoleLog, servers, type Server } from "../openstack/compute.ts";
import { OpenStackError } from "../openstack/error.ts";
import {
  floatingIps,
  networkAgents,
  ports,
  type FloatingIp,
  type NetworkAgent,
  type Port,
} from "../openstack/network.ts";
import type { Session } from "../openstack/session.ts";

/** What the cloud knows of a guest that does not answer; undefined is what it did not tell. */
export interface Standing {
  readonly server?: Pick<Server, "status"> | undefined;
  /** Of the server alone. */
  readonly ports?: readonly Pick<Port, "status">[] | undefined;
  readonly floatingIp?: Pick<FloatingIp, "status" | "port_id"> | undefined;
  readonly agents?: readonly Pick<NetworkAgent, "agent_type" | "host" | "alive">[] | undefined;
  /** What the guest wrote on its console. */
  readonly console?: string | undefined;
}

const CONSOLE_LINES = 3;

/** Asks the cloud how the guest stands. What one of its APIs does not answer is left out: it is asked when something is wrong. */
export async function standingOf(session: Session, guest: { serverId: string; address: string }): Promise<Standing> {
  const { serverId, address } = guest;
  const [server, own, floating, agents, console] = await Promise.all([
    told(servers.show(session, serverId)),
    told(ports.list(session, { device_id: serverId })),
    told(floatingIps.list(session, { floating_ip_address: address })),
    told(networkAgents.list(session)),
    told(consoleLog(session, serverId, 20)),
  ]);
  return { server, ports: own, floatingIp: floating?.[0], agents, console };
}

/** The standing in a line: first what is not as it should be, then the guest's own last words. Pure. */
export function describeStanding({ server, ports: own, floatingIp, agents, console }: Standing): string {
  const words = (console ?? "").split(/\r?\n/).filter((line) => line.trim() !== "");
  return [
    `the server is ${server?.status ?? "unknown"}`,
    ...(own ?? []).filter(({ status }) => status !== "ACTIVE").map(({ status }) => `its port is ${status}`),
    ...(floatingIp?.port_id === null ? ["its floating IP belongs to no port"] : []),
    ...(agents ?? []).filter(({ alive }) => !alive).map((agent) => `${agent.agent_type} on ${agent.host} is not alive`),
    words.length === 0
      ? "its console is empty"
      : `its console ends with "${words.slice(-CONSOLE_LINES).map(trimmed).join(" | ")}"`,
  ].join("; ");
}

function trimmed(line: string): string {
  return line.trim().slice(0, 120);
}

async function told<T>(question: Promise<T>): Promise<T | undefined> {
  try {
    return await question;
  } catch (error) {
    if (error instanceof OpenStackError) return undefined;
    throw error;
  }
}
