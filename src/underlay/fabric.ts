import { readFile, writeFile } from "node:fs/promises";
import { ExecError, type Exec } from "../host/exec.ts";
import {
  machineAddress,
  nodeAddress,
  nodePodCidr,
  overlaps,
  prefixLength,
  type NodeConfig,
  type UnderlayConfig,
} from "./config.ts";
import { isMissing } from "./files.ts";
import { UnderlayError } from "./errors.ts";

/** Alias that marks an interface as made by us, so that nothing else is ever removed. */
const MARK = "underpin";

interface Link {
  readonly ifname: string;
  readonly ifalias?: string;
  readonly master?: string;
}

/** Makes the two bridges with the machine's addresses. Nothing to do where they are. Throws UnderlayError when a name or range is taken. */
export async function ensureFabric(exec: Exec, config: UnderlayConfig): Promise<void> {
  await checkConflicts(exec, config);
  const present = await links(exec);
  const commands = bridges(config).flatMap(({ name, cidr }) => [
    ...(present.some((link) => link.ifname === name)
      ? []
      : [`link add ${name} type bridge stp_state 0 mcast_snooping 0`, `link set ${name} alias ${MARK}`]),
    `link set ${name} mtu ${config.mtu}`,
    `addr replace ${machineAddress(cidr)}/${prefixLength(cidr)} dev ${name}`,
    `link set ${name} up`,
  ]);
  await ipBatch(exec, commands);
  for (const { name } of bridges(config)) {
    // Forwarding between the two bridges only: the machine's own setting stays as it is, and this one goes with the bridge.
    await writeFile(`/proc/sys/net/ipv4/conf/${name}/forwarding`, "1");
  }
}

/** Removes the bridges and what hangs on them, if we made them. */
export async function removeFabric(exec: Exec, config: UnderlayConfig): Promise<void> {
  const mine = (await links(exec)).filter((link) => link.ifalias === MARK);
  const names = bridges(config).map(({ name }) => name);
  const doomed = mine.filter((link) => names.includes(link.ifname) || names.includes(link.master ?? ""));
  await deleteLinks(exec, doomed);
}

/** Joins a node's network namespace (that of process `pid`) with both bridges as eth0 and ext0, and routes its pods. */
export async function attachNode(exec: Exec, config: UnderlayConfig, node: NodeConfig, pid: number): Promise<void> {
  await detachNode(exec, node);
  const commands = nodeLinks(config, node).flatMap(({ name, bridge, peer }) => [
    `link add ${name} mtu ${config.mtu} type veth peer name ${peer} mtu ${config.mtu} netns ${pid}`,
    `link set ${name} alias ${MARK} master ${bridge} up`,
  ]);
  await ipBatch(exec, [
    ...commands,
    `route replace ${nodePodCidr(config, node)} via ${nodeAddress(config, node)} dev ${config.nodeBridge}`,
  ]);
}

/** Removes what a dead node left of its links; usually they went with its namespace. */
export async function detachNode(exec: Exec, node: NodeConfig): Promise<void> {
  const names = linkNames(node);
  const left = (await links(exec)).filter((link) => names.includes(link.ifname));
  await deleteLinks(exec, left);
}

/** Throws UnderlayError when an interface name or an address range is in use by something else. */
export async function checkConflicts(exec: Exec, config: UnderlayConfig): Promise<void> {
  const present = await links(exec);
  const ours = bridges(config).map(({ name }) => name);
  for (const name of ours) {
    const link = present.find((one) => one.ifname === name);
    if (link !== undefined && link.ifalias !== MARK) {
      throw new UnderlayError(
        `The interface ${name} exists on this machine and was not made by Underpin`,
        `Remove it, or give it another name: ip link set ${name} name OTHER. The names of Underpin's own are fixed.`,
      );
    }
  }
  const ranges = [config.nodeCidr, config.providerCidr, config.podCidr, config.serviceCidr];
  for (const route of await routes(exec)) {
    if (ours.includes(route.dev) || route.dst === "default") continue;
    const taken = ranges.find((range) => overlaps(range, route.dst));
    if (taken !== undefined) {
      throw new UnderlayError(
        `The range ${taken} is in use on this machine: ${route.dst} goes through ${route.dev}`,
        `Free it, for example: ip route del ${route.dst} dev ${route.dev}. The ranges of Underpin's own are fixed in this version.`,
      );
    }
  }
}

/** Whether the bridges exist and are up. */
export async function fabricUp(config: UnderlayConfig): Promise<boolean> {
  for (const { name } of bridges(config)) {
    const state = await readFile(`/sys/class/net/${name}/flags`, "utf8").catch((error: unknown) => {
      if (isMissing(error)) return "0";
      throw error;
    });
    if ((Number(state) & 1) === 0) return false;
  }
  return true;
}

function bridges(config: UnderlayConfig): { name: string; cidr: string }[] {
  return [
    { name: config.nodeBridge, cidr: config.nodeCidr },
    { name: config.providerBridge, cidr: config.providerCidr },
  ];
}

function nodeLinks(config: UnderlayConfig, node: NodeConfig): { name: string; bridge: string; peer: string }[] {
  const [inner, outer] = linkNames(node);
  return [
    { name: inner, bridge: config.nodeBridge, peer: "eth0" },
    { name: outer, bridge: config.providerBridge, peer: "ext0" },
  ];
}

/** By number, because interface names have at most 15 characters. */
function linkNames(node: NodeConfig): [string, string] {
  return [`underpin0-${node.number}`, `underpin1-${node.number}`];
}

async function links(exec: Exec): Promise<Link[]> {
  return JSON.parse((await exec("ip", ["-j", "link", "show"])).stdout) as Link[];
}

async function routes(exec: Exec): Promise<{ dst: string; dev: string }[]> {
  const text = (await exec("ip", ["-j", "-4", "route", "show"])).stdout.trim();
  const all = (text === "" ? [] : JSON.parse(text)) as { dst: string; dev?: string }[];
  return all.map((route) => ({
    dst: route.dst === "default" || route.dst.includes("/") ? route.dst : `${route.dst}/32`,
    dev: route.dev ?? "",
  }));
}

/** Links of a namespace that ends go by themselves, perhaps at this moment: then there is nothing to delete. */
async function deleteLinks(exec: Exec, doomed: readonly Link[]): Promise<void> {
  for (const { ifname } of doomed) {
    await exec("ip", ["link", "del", ifname]).catch((error: unknown) => {
      if (!(error instanceof ExecError) || !error.stderr.includes("Cannot find device")) throw error;
    });
  }
}

async function ipBatch(exec: Exec, commands: readonly string[]): Promise<void> {
  if (commands.length > 0) await exec("ip", ["-batch", "-"], { input: `${commands.join("\n")}\n` });
}
