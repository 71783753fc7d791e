import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { homedir } from "node:os";
import { exec } from "../../src/host/exec.ts";
import { ContentStore } from "../../src/host/store.ts";
import { ensureNodeRootfs } from "../../src/images/index.ts";
import {
  DEFAULT_CONFIG,
  ensureBinaries,
  ensureControlPlaneImages,
  ensureSeed,
  type EnsureOptions,
  type UnderlayConfig,
} from "../../src/underlay/index.ts";

/** Beside a cluster that may run already: names and ranges of its own. */
export const TEST_CONFIG: UnderlayConfig = {
  ...DEFAULT_CONFIG,
  nodeBridge: "uptest0",
  nodeCidr: "10.92.0.0/24",
  providerBridge: "uptest1",
  providerCidr: "10.93.0.0/24",
  podCidr: "10.245.0.0/16",
  serviceCidr: "10.97.0.0/16",
  dnsAddress: "10.97.0.10",
  nodes: [{ name: "t7", number: 7 }],
};

/** All that `ensureUnderlay` takes, from the user's cache; what is missing there is built. */
export async function prepared(stateDir: string): Promise<EnsureOptions> {
  const cacheDir =
    process.env["UNDERPIN_CACHE"] ?? `${process.env["XDG_CACHE_HOME"] ?? `${homedir()}/.cache`}/underpin`;
  const store = new ContentStore(`${cacheDir}/store`);
  const report = (): void => undefined;
  const [binaries, nodeRootfs] = await Promise.all([
    ensureBinaries({ store, cacheDir, exec, report }),
    ensureNodeRootfs({ store, cacheDir, exec, report }),
  ]);
  const images = await ensureControlPlaneImages({ store, binaries, nodeRootfs, exec });
  const seed = await ensureSeed({ store, binaries, images, exec });
  return { stateDir, report, config: TEST_CONFIG, binaries, nodeRootfs, images, seed };
}

/** What of the machine a cluster could leave changed. */
export async function machine(): Promise<Record<string, string>> {
  const run = async (script: string): Promise<string> => (await exec("sh", ["-c", script])).stdout;
  const ours = "uptest|10\\.9[23]\\.|10\\.245\\.";
  return {
    mounts: (await readFile("/proc/self/mountinfo", "utf8"))
      .split("\n")
      .filter((line) => line.includes("uptest") || line.includes("underpin-test"))
      .join("\n"),
    links: await run(`ip -o link | grep -E "${ours}|underpin[01]-7" || true`),
    routes: await run(`ip route | grep -E "${ours}" || true`),
    cgroups: await run("ls -d /sys/fs/cgroup/*/underpin/t7 /sys/fs/cgroup/underpin/t7 2>/dev/null || true"),
    firewall: await run("command -v nft >/dev/null && nft list ruleset | grep -vE 'packets [0-9]+' || true"),
    sysctls: await sysctls(),
    processes: (await nodeProcesses()).join(" "),
  };
}

/** Those that the kubelet, kube-proxy and a bridge would like to change. */
async function sysctls(): Promise<string> {
  const names = [
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
    "kernel/hostname",
    "net/ipv4/ip_forward",
    "net/ipv4/conf/all/forwarding",
    "net/ipv4/conf/all/rp_filter",
    "net/ipv4/conf/default/forwarding",
    "net/netfilter/nf_conntrack_max",
  ];
  const values = await Promise.all(names.map((name) => readFile(`/proc/sys/${name}`, "utf8").catch(() => "absent")));
  return names.map((name, index) => `${name}=${values[index]?.trim()}`).join("\n");
}

/** Processes in the node's control groups. */
export async function nodeProcesses(): Promise<number[]> {
  const found: number[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const groups = await readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "");
    if (groups.includes("/underpin/t7")) found.push(Number(pid));
  }
  return found;
}

export function fingerprint(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
