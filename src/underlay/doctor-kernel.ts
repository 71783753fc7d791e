import { readdir, readFile } from "node:fs/promises";
import { release } from "node:os";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { Exec } from "../host/exec.ts";
import { bad, good, type Check } from "./check.ts";
import { readIfThere } from "./files.ts";
import { kvmUsable as usable } from "./kvm.ts";

/** Kernel options by what needs them. */
const NEEDED: Readonly<Record<string, string>> = {
  OVERLAY_FS: "overlay file systems",
  VETH: "links between namespaces",
  BRIDGE: "bridges",
  NF_TABLES: "nftables",
  TUN: "taps of guests",
};

/** Whether this kernel has what nodes need: asked of its configuration, else tried in a namespace that is thrown away. */
export async function kernel(exec: Exec): Promise<Check> {
  const config = await kernelConfig();
  const missing = config === undefined ? await tryOut(exec) : missingOptions(config, await loadable());
  const name = `Linux ${release()}`;
  if (missing.length === 0) return good("kernel", `${name} has ${Object.values(NEEDED).join(", ")}`);
  return bad("kernel", `${name} lacks ${missing.join(", ")}`, "Load the modules, or use a distribution's own kernel.");
}

/** The needed features that a kernel's configuration does not have; a module counts when modules are installed. */
export function missingOptions(config: string, modules: boolean): string[] {
  return Object.entries(NEEDED)
    .filter(([option]) => !new RegExp(`^CONFIG_${option}=${modules ? "[ym]" : "y"}$`, "m").test(config))
    .map(([, what]) => what);
}

async function kernelConfig(): Promise<string | undefined> {
  const packed = await readFile("/proc/config.gz").catch(() => undefined); // not every kernel shows it
  if (packed !== undefined) return (await promisify(gunzip)(packed)).toString("utf8");
  return readIfThere(`/boot/config-${release()}`);
}

async function loadable(): Promise<boolean> {
  return (await readdir(`/lib/modules/${release()}`).catch(() => [])).length > 0; // no such folder: no modules
}

async function tryOut(exec: Exec): Promise<string[]> {
  const missing: string[] = [];
  const filesystems = (await readIfThere("/proc/filesystems")) ?? "";
  if (!filesystems.includes("overlay") && !(await loadable())) missing.push(NEEDED["OVERLAY_FS"] ?? "");
  for (const [option, command] of [
    ["VETH", "ip link add up-a type veth peer name up-b"],
    ["BRIDGE", "ip link add up-c type bridge"],
  ] as const) {
    await exec("unshare", ["--net", "sh", "-c", command]).catch(() => missing.push(NEEDED[option] ?? ""));
  }
  if (!(await usable("/dev/net/tun"))) missing.push(NEEDED["TUN"] ?? "");
  return missing;
}
