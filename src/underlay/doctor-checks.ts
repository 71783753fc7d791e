import { access, readFile, statfs, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { getuid } from "node:process";
import type { Exec } from "../host/exec.ts";
import { detectCgroups } from "./cgroups.ts";
import type { UnderlayConfig } from "./config.ts";
import { bad, good, type Check } from "./check.ts";
import { reasonOf, UnderlayError } from "./errors.ts";
import { checkConflicts } from "./fabric.ts";
import { readIfThere } from "./files.ts";
import { kvmUsable } from "./kvm.ts";
import { missingTools, packagesOf } from "./tools.ts";

/** Bytes that are needed free: the builds' peak (Go's cache, images, seed), and a running cloud's data. */
const NEEDED = { cache: 20 * 2 ** 30, cacheBuilt: 4 * 2 ** 30, state: 5 * 2 ** 30, memory: 6 * 2 ** 30 };
/** Go's version that the modules ask for. */
const GO_NEEDED = [1, 26] as const;

export async function root(): Promise<Check> {
  return getuid?.() === 0
    ? good("root", "you are root")
    : bad("root", "you are not root, and nodes need namespaces, mounts and bridges", "Run it with sudo.");
}

/** Images carry x86_64 programs, and the first guest an x86_64 kernel; programs built here would run elsewhere too. */
export function processor(architecture: string = process.arch): Check {
  return architecture === "x64"
    ? good("processor", "x86_64")
    : bad(
        "processor",
        `this machine is ${architecture}, and the images and the first guest are made for x86_64 alone`,
        "Use an x86_64 machine. Commands that need no node on this one work here, for example: underpin check.",
      );
}

export async function go(exec: Exec): Promise<Check> {
  const cure = `Install Go ${GO_NEEDED.join(".")} or later (https://go.dev/dl).`;
  const text = await exec("go", ["version"], { env: { GOTOOLCHAIN: "local" } }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  if (text === undefined) return bad("go", "Go is not installed, and the Kubernetes programs are built with it", cure);
  const [major = 0, minor = 0] = (/go(\d+)\.(\d+)/.exec(text) ?? []).slice(1).map(Number);
  const enough = major > GO_NEEDED[0] || (major === GO_NEEDED[0] && minor >= GO_NEEDED[1]);
  return enough ? good("go", text) : bad("go", `${text} is too old`, cure);
}

export async function tools(exec: Exec): Promise<Check> {
  const missing = await missingTools(exec);
  if (missing.length === 0) return good("tools", "every program that the builds use is installed");
  return bad(
    "tools",
    `missing: ${missing.map(({ program }) => program).join(", ")}`,
    `apt-get install ${packagesOf(missing).join(" ")} (images are built from Debian's packages: other systems need apt too).`,
  );
}

export async function cgroups(): Promise<Check> {
  try {
    const layout = await detectCgroups();
    const names =
      layout.version === "v1"
        ? layout.hierarchies.flatMap(({ name }) => name.split(","))
        : await controllers(layout.hierarchies[0]?.mount ?? "");
    const missing = ["cpu", "memory", "pids", "cpuset"].filter((name) => !names.includes(name));
    if (missing.length > 0)
      return bad(
        "cgroups",
        `${layout.version}, without ${missing.join(", ")}`,
        "Enable these controllers (kernel command line, or the delegation of the container that this runs in).",
      );
    return good(
      "cgroups",
      layout.version === "v1" ? "version 1, which Kubernetes still supports; version 2 is better" : "version 2",
    );
  } catch (error) {
    return bad(
      "cgroups",
      reasonOf(error),
      error instanceof UnderlayError ? error.next : "Mount cgroup2 on /sys/fs/cgroup.",
    );
  }
}

async function controllers(mount: string): Promise<string[]> {
  return ((await readIfThere(`${mount}/cgroup.controllers`)) ?? "").trim().split(" ");
}

const CAPABILITIES = {
  CAP_NET_ADMIN: 12,
  CAP_SYS_CHROOT: 18,
  CAP_SYS_PTRACE: 19,
  CAP_SYS_ADMIN: 21,
  CAP_MKNOD: 27,
} as const;
const CAP_SYS_RESOURCE = 24;

export async function capabilities(): Promise<Check> {
  return capabilityCheck((await readFile("/proc/self/status", "utf8")).match(/^CapEff:\s*([0-9a-f]+)/m)?.[1] ?? "0");
}

/** From the hexadecimal mask of /proc/self/status. */
export function capabilityCheck(mask: string): Check {
  const has = (bit: number): boolean => ((BigInt(`0x${mask}`) >> BigInt(bit)) & 1n) === 1n;
  const missing = Object.entries(CAPABILITIES)
    .filter(([, bit]) => !has(bit))
    .map(([name]) => name);
  if (missing.length > 0)
    return bad(
      "capabilities",
      `missing: ${missing.join(", ")}`,
      "Run as root outside of a container, or in a privileged one.",
    );
  return good(
    "capabilities",
    has(CAP_SYS_RESOURCE)
      ? "all that are needed"
      : "all that are needed; without CAP_SYS_RESOURCE the kernel may kill cluster programs as early as others when memory is short",
  );
}

export async function network(exec: Exec, config: UnderlayConfig): Promise<Check> {
  try {
    await checkConflicts(exec, config);
    return good(
      "network",
      `${config.nodeBridge} ${config.nodeCidr}, ${config.providerBridge} ${config.providerCidr}, pods ${config.podCidr} and services ${config.serviceCidr} are free or ours`,
    );
  } catch (error) {
    return bad("network", reasonOf(error), error instanceof UnderlayError ? error.next : "Install iproute2.");
  }
}

export async function disk(id: string, folder: string, use: "cache" | "state"): Promise<Check> {
  const place = await existing(folder);
  const { bavail, bsize } = await statfs(place);
  const free = bavail * bsize;
  const built =
    use === "cache" &&
    (await access(`${folder}/store/binaries`).then(
      () => true,
      () => false,
    ));
  const needed = use === "state" ? NEEDED.state : built ? NEEDED.cacheBuilt : NEEDED.cache;
  const found = `${gib(free)} GiB free in ${place}`;
  return free >= needed
    ? good(id, found)
    : bad(
        id,
        `${found}, ${gib(needed)} GiB are needed`,
        `Free some space, or choose another folder with UNDERPIN_${use.toUpperCase()}.`,
      );
}

/** The folder, or the nearest one above it that exists. */
async function existing(folder: string): Promise<string> {
  if (folder === "/" || (await stat(folder).catch(() => undefined))?.isDirectory() === true) return folder;
  return existing(dirname(folder));
}

export async function memory(): Promise<Check> {
  return memoryCheck(await readFile("/proc/meminfo", "utf8"));
}

/** From the text of /proc/meminfo. */
export function memoryCheck(meminfo: string): Check {
  const total = Number(/^MemTotal:\s*(\d+) kB/m.exec(meminfo)?.[1] ?? 0) * 1024;
  const available = Number(/^MemAvailable:\s*(\d+) kB/m.exec(meminfo)?.[1] ?? 0) * 1024;
  const found = `${gib(total)} GiB, ${gib(available)} GiB of it available`;
  return total >= NEEDED.memory
    ? good("memory", found)
    : bad("memory", `${found}; ${gib(NEEDED.memory)} GiB are needed`, "Use a machine with more memory.");
}

export async function kvm(): Promise<Check> {
  return good(
    "kvm",
    (await kvmUsable())
      ? "guests run with hardware virtualisation"
      : "no usable /dev/kvm: guests are emulated (TCG), which is much slower",
  );
}

/** Others' container programs do no harm, since the node's are in namespaces of their own; a dropped packet would. */
export async function others(exec: Exec): Promise<Check> {
  const found: string[] = [];
  const traces = {
    docker: "/var/run/docker.sock",
    containerd: "/run/containerd/containerd.sock",
    Kubernetes: "/etc/kubernetes/kubelet.conf",
  };
  for (const [name, path] of Object.entries(traces)) {
    if (
      await access(path).then(
        () => true,
        () => false,
      )
    )
      found.push(name);
  }
  const forward = await exec("iptables", ["-S", "FORWARD"]).then(
    ({ stdout }) => stdout,
    () => "",
  );
  const rest =
    found.length === 0
      ? "no other container programs"
      : `${found.join(", ")} run here too; the node has its own sockets and namespaces`;
  if (!/^-P FORWARD DROP$/m.test(forward)) return good("others", rest);
  const accepted = forward.split("\n").some((line) => line.includes("underpin") && line.includes("ACCEPT"));
  if (accepted) return good("others", rest);
  return bad(
    "others",
    "the firewall drops forwarded packets (docker sets this), so guests could not reach the APIs",
    "iptables -I FORWARD -i underpin+ -o underpin+ -j ACCEPT",
  );
}

export async function systemd(): Promise<Check> {
  const runs = await access("/run/systemd/system").then(
    () => true,
    () => false,
  );
  return good(
    "systemd",
    runs
      ? "systemd runs; after a reboot run `underpin up` again"
      : "no systemd; after a reboot run `underpin up` again",
  );
}

export async function swap(): Promise<Check> {
  const lines = ((await readIfThere("/proc/swaps")) ?? "").trim().split("\n").length - 1;
  return good("swap", lines > 0 ? "swap is on; the kubelet is told to accept it" : "no swap");
}

function gib(bytes: number): number {
  return Math.round((bytes / 2 ** 30) * 10) / 10;
}
