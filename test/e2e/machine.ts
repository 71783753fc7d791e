// The machine as tests see it: the command under test, and what a cluster may leave behind.
import { type ExecFileOptions, execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** Why the tests of a whole cloud are skipped; false when they can run. */
export const skip: string | false =
  process.getuid?.() === 0 ? false : "needs root: a node is made in namespaces of its own";

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `./underpin` with these arguments; never throws for its exit code. */
export function underpin(
  args: readonly string[],
  options: { timeoutMs?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  return program(join(ROOT, "underpin"), args, options);
}

export function program(
  file: string,
  args: readonly string[],
  options: { timeoutMs?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  const settings: ExecFileOptions & { encoding: "utf8" } = {
    encoding: "utf8",
    timeout: options.timeoutMs ?? 600_000,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, ...options.env },
  };
  return new Promise((resolve) => {
    execFile(file, [...args], settings, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** What a cluster touches on a machine, to compare before and after. */
export async function traces(): Promise<Record<string, readonly string[]>> {
  const lines = async (file: string, args: readonly string[]): Promise<string[]> =>
    (await program(file, args)).stdout.split("\n").filter((line) => line !== "");
  const links = (await lines("ip", ["-o", "link"])).map((line) => line.split(":")[1]?.trim().split("@")[0] ?? "");
  return {
    mounts: readFileSync("/proc/self/mounts", "utf8")
      .split("\n")
      .map((line) => line.split(" ").slice(1, 3).join(" "))
      .toSorted(),
    links: links.toSorted(),
    routes: (await lines("ip", ["route"])).toSorted(),
    cgroups: readdirSync("/sys/fs/cgroup")
      .flatMap((controller) => childGroups(controller))
      .toSorted(),
    sysctls: ["net/ipv4/ip_forward", "vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops"].map(
      (name) => `${name}=${readFileSync(join("/proc/sys", name), "utf8").trim()}`,
    ),
    nftables: await lines("nft", ["list", "tables"]),
    processes: (await lines("ps", ["-eo", "comm"])).filter((name) => CLUSTER_PROGRAMS.test(name)).toSorted(),
  };
}

const CLUSTER_PROGRAMS = /^(kube|etcd|containerd|coredns|s6-|qemu|ovs|ovn|mariadbd|beam|haproxy|libvirtd)/;

function childGroups(controller: string): string[] {
  try {
    return readdirSync(join("/sys/fs/cgroup", controller), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${controller}/${entry.name}`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return [];
    throw error;
  }
}

/** Ends the operator in the middle of whatever it does; 0 when it does not run yet, or not at the moment. */
export function killOperator(folder: string): number {
  const found = processes(folder).filter((pid) => textOf(pid, "cmdline").includes("src/operator/main.ts"));
  for (const pid of found) process.kill(Number(pid), "SIGKILL");
  return Math.min(found.length, 1);
}

/** Ids of processes whose files are in our state. */
export function processes(folder: string): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.filter((pid) => textOf(pid, "mountinfo").includes(`${folder}/`));
}

/** A file of a process; empty when it has ended. */
export function textOf(pid: string, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return ""; // ended meanwhile
  }
}
