import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chmod, mkdir, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { exec, type Exec, type ExecOptions, type ExecResult } from "../host/exec.ts";
import { cgroupProcesses, makeNodeCgroups, nodeCgroups, removeNodeCgroups, type CgroupLayout } from "./cgroups.ts";
import type { NodeConfig, UnderlayConfig } from "./config.ts";
import { reasonOf, UnderlayError } from "./errors.ts";
import { attachNode, detachNode } from "./fabric.ts";
import { isMissing, readIfThere, writeAtomic } from "./files.ts";
import { nodeFiles, type NodeFile } from "./node-files.ts";
import { plantSeed } from "./seed.ts";
import { childrenOf, identify, isAlive, signal, until, type ProcessIdentity } from "./processes.ts";

/** What is needed to work on one node. */
export interface NodeContext {
  readonly exec: Exec;
  readonly config: UnderlayConfig;
  readonly node: NodeConfig;
  /** The node's own folder in the state folder. */
  readonly folder: string;
  readonly cgroups: CgroupLayout;
}

export interface NodePrograms {
  /** Root file system of the node, read-only. */
  readonly rootfs: string;
  /** Folder with kubelet, containerd, …; read-only in the node. */
  readonly bin: string;
  /** Folder with the CNI plugins; read-only in the node. */
  readonly cni: string;
  /** Images that are unpacked already (`ensureSeed`); without it images are imported after the start. */
  readonly seed?: string;
}

/** The processes of a running node, as the machine sees them. */
export interface NodeProcesses {
  /** `unshare`: when it dies, so does the node. */
  readonly keeper: ProcessIdentity;
  /** The node's PID 1. */
  readonly init: ProcessIdentity;
}

const PATH = "/opt/underpin/shim:/opt/underpin/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The node's processes if it runs. */
export async function runningNode(context: NodeContext): Promise<NodeProcesses | undefined> {
  const text = await readIfThere(join(context.folder, "node.json"));
  if (text === undefined) return undefined;
  const known = JSON.parse(text) as NodeProcesses;
  return (await isAlive(known.keeper)) && (await isAlive(known.init)) ? known : undefined;
}

/** Starts a node that does not run; what an earlier one left is cleaned away first, its data stays. Returns when its supervisor runs. */
export async function startNode(context: NodeContext, programs: NodePrograms): Promise<NodeProcesses> {
  await killNode(context);
  await prepareFolder(context, programs);
  const folders = await makeNodeCgroups(context.cgroups, context.node.name);
  const child = await spawnKeeper(context, programs, folders);
  try {
    const processes = await bringUp(context, child);
    child.unref();
    return processes;
  } catch (error) {
    if (child.pid !== undefined) signal(child.pid, "SIGKILL");
    await killNode(context);
    throw new UnderlayError(
      `Node ${context.node.name} did not start: ${reasonOf(error)}`,
      `Read ${join(context.folder, "boot.log")}.`,
      error,
    );
  }
}

/** Asks everything in the node to end, then ends it. Data stays. `graceMs`: how long programs may take. */
export async function stopNode(context: NodeContext, graceMs = 10_000): Promise<void> {
  const processes = await runningNode(context);
  if (processes !== undefined) {
    await runInNode(context, ["systemctl", "stop", "kubelet"], { timeoutMs: 35_000 }).catch(() => undefined);
    await endPods(context, graceMs);
  }
  await killNode(context);
}

/** Ends a node at once and removes its processes, control groups and links. Data stays. */
export async function killNode(context: NodeContext): Promise<void> {
  const processes = await runningNode(context);
  // The node's PID 1 first: its keeper then reaps it and ends by itself.
  if (processes !== undefined) {
    signal(processes.init.pid, "SIGKILL");
    await until(async () => !(await isAlive(processes.keeper)), 5_000);
  }
  await removeNodeCgroups(context.cgroups, context.node.name);
  await detachNode(context.exec, context.node);
  await rm(join(context.folder, "node.json"), { force: true });
}

/** Runs a program inside the node: its namespaces, its control groups, its root. Throws UnderlayError when the node does not run. */
export async function runInNode(
  context: NodeContext,
  argv: readonly string[],
  options: ExecOptions = {},
): Promise<ExecResult> {
  const processes = await runningNode(context);
  if (processes === undefined)
    throw new UnderlayError(`Node ${context.node.name} does not run`, "Start it with `underpin up`.");
  const [file, ...args] = nodeCommand(context, processes, argv);
  return exec(file ?? "", args, options);
}

/** The command line that runs `argv` inside a running node; for callers that need the terminal. */
export function nodeCommand(context: NodeContext, processes: NodeProcesses, argv: readonly string[]): string[] {
  const inner = context.cgroups.version === "v2" ? "init/" : "";
  const join_ = nodeCgroups(context.cgroups, context.node.name).map((folder) => `${folder}/${inner}cgroup.procs`);
  const script =
    'n=$1; shift; while [ "$1" != -- ]; do echo $$ >"$1"; shift; done; shift; exec nsenter -t "$n" -m -u -i -n -p -C env -i "$@"';
  const environment = [`PATH=${PATH}`, "HOME=/root", "LANG=C.UTF-8", "KUBECONFIG=/etc/kubernetes/admin.conf"];
  return ["sh", "-c", script, "sh", String(processes.init.pid), ...join_, "--", ...environment, ...argv];
}

/** Path of the node's containerd socket as the machine sees it. */
export function containerdSocket(processes: NodeProcesses): string {
  return `/proc/${processes.init.pid}/root/run/containerd/containerd.sock`;
}

/**
 * Everything but the control plane first. Then the API server at once, which keeps nothing and would wait for its
 * watchers, and etcd last, which would wait for the API server.
 */
async function endPods(context: NodeContext, graceMs: number): Promise<void> {
  const end = async (which: (command: string) => boolean, name: NodeJS.Signals, waitMs: number): Promise<void> => {
    const left = async (): Promise<number[]> =>
      (await podProcesses(context)).filter(({ command }) => which(command)).map(({ pid }) => pid);
    for (const pid of await left()) signal(pid, name);
    await until(async () => (await left()).length === 0, waitMs, 30);
  };
  await end((command) => command !== "kube-apiserver" && command !== "etcd", "SIGTERM", graceMs);
  await end((command) => command !== "etcd", "SIGKILL", 2_000);
  await end(() => true, "SIGTERM", 5_000);
}

async function podProcesses(context: NodeContext): Promise<{ pid: number; command: string }[]> {
  const pods: { pid: number; command: string }[] = [];
  for (const pid of await cgroupProcesses(context.cgroups, context.node.name)) {
    const groups = await readIfThere(`/proc/${pid}/cgroup`);
    const command = await readIfThere(`/proc/${pid}/comm`);
    if (command !== undefined && groups?.includes("/kubepods") === true) pods.push({ pid, command: command.trim() });
  }
  return pods;
}

async function prepareFolder(context: NodeContext, { rootfs, seed }: NodePrograms): Promise<void> {
  const { folder } = context;
  for (const name of ["lower", "upper", "root"]) await mkdir(join(folder, name), { recursive: true, mode: 0o755 });
  await rm(join(folder, "work"), { recursive: true, force: true });
  await mkdir(join(folder, "work"), { mode: 0o700 });
  if ((await stat(join(folder, "var")).catch(() => undefined)) === undefined) {
    const fresh = join(folder, "var.new");
    await rm(fresh, { recursive: true, force: true });
    await context.exec("cp", ["-a", join(rootfs, "var"), fresh]);
    await context.exec("mv", [fresh, join(folder, "var")]);
  }
  await prepareContainerd(context, seed);
  await emptyTrash(context);
  const traits = {
    cgroups: context.cgroups.version === "v2" ? ("v2" as const) : context.cgroups.hierarchies.map(({ name }) => name),
    restrictOomScore: !(await mayLowerOomScore()),
  };
  for (const file of await nodeFiles(context.config, context.node, traits)) await putFile(join(folder, "upper"), file);
}

/**
 * Containers do not outlive their node, so containerd's folder may start empty each time. With a seed it must: its
 * databases name the seed's folders. Without one, the images that were imported earlier are kept.
 */
async function prepareContainerd(context: NodeContext, seed: string | undefined): Promise<void> {
  const containerd = join(context.folder, "var/lib/containerd");
  const marker = join(context.folder, "seeded");
  const seeded = (await readIfThere(marker)) !== undefined;
  if (seed === undefined && !seeded) return;
  for (const old of [containerd, "content.upper", "content.work"].map((name) => resolve(context.folder, name)))
    await discard(context, old);
  await mkdir(containerd, { recursive: true, mode: 0o711 });
  await mkdir(join(context.folder, "content.lower"), { recursive: true });
  if (seed === undefined) return rm(marker, { force: true });
  await writeAtomic(marker, seed, 0o644);
  await plantSeed(seed, containerd);
}

/** Out of the way at once, deleted in the background: a containerd folder can have a hundred thousand files. */
async function discard(context: NodeContext, path: string): Promise<void> {
  const trash = join(context.folder, `trash-${randomUUID()}`);
  await rename(path, trash).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

/** Also what an interrupted run left. It outlives this program, so that nobody waits for it. */
async function emptyTrash(context: NodeContext): Promise<void> {
  const trash = (await readdir(context.folder))
    .filter((name) => name.startsWith("trash-"))
    .map((name) => join(context.folder, name));
  if (trash.length > 0) spawn("rm", ["-rf", ...trash], { detached: true, stdio: "ignore" }).unref();
}

async function putFile(root: string, file: NodeFile): Promise<void> {
  const path = join(root, file.path);
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, file.text);
  await chmod(path, file.mode ?? 0o644);
}

/** CAP_SYS_RESOURCE (bit 24) in the bounding set. */
export async function mayLowerOomScore(): Promise<boolean> {
  const status = (await readIfThere("/proc/self/status")) ?? "";
  const bounding = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0"}`);
  return (bounding & (1n << 24n)) !== 0n;
}

async function spawnKeeper(
  context: NodeContext,
  programs: NodePrograms,
  folders: readonly string[],
): Promise<ChildProcess> {
  const log = await open(join(context.folder, "boot.log"), "w", 0o644);
  try {
    const script = (name: string): string => fileURLToPath(new URL(`./node/${name}`, import.meta.url));
    const cgroups =
      context.cgroups.version === "v2" ? "v2" : context.cgroups.hierarchies.map(({ name }) => name).join("/");
    const args = [
      script("init.sh"),
      programs.rootfs,
      context.folder,
      programs.bin,
      programs.cni,
      context.node.name,
      cgroups,
      programs.seed ?? "",
      ...folders,
    ];
    // Detached: a session of its own, so that the node outlives this program and its terminal.
    return spawn("/bin/sh", [script("boot.sh"), ...args], {
      detached: true,
      cwd: "/",
      env: { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" },
      stdio: ["pipe", "pipe", log.fd],
    });
  } finally {
    await log.close();
  }
}

async function bringUp(context: NodeContext, child: ChildProcess): Promise<NodeProcesses> {
  const says = lines(child);
  await says("netns");
  const keeper = await identify(child.pid ?? 0);
  const [first] = await childrenOf(child.pid ?? 0);
  const init = await identify(first ?? 0);
  if (keeper === undefined || init === undefined) throw new Error("its first process is gone");
  const processes = { keeper, init };
  await writeAtomic(join(context.folder, "node.json"), JSON.stringify(processes));
  await attachNode(context.exec, context.config, context.node, init.pid);
  child.stdin?.on("error", () => undefined); // the init's own death is noticed by `says`
  child.stdin?.end("go\n");
  await says("ready");
  child.stdout?.destroy();
  return processes;
}

/** Waits for a line of the child's output; throws when it ends or is silent for 30 s. */
function lines(child: ChildProcess): (wanted: string) => Promise<void> {
  const seen = new Set<string>();
  let wake: () => void = () => undefined;
  let ended = false;
  if (child.stdout === null) throw new Error("the child has no output");
  createInterface({ input: child.stdout }).on("line", (line) => {
    seen.add(line);
    wake();
  });
  const end = (): void => {
    ended = true;
    wake();
  };
  child.on("exit", end);
  child.on("error", end);
  return async (wanted) => {
    const timer = setTimeout(end, 30_000);
    try {
      while (!seen.has(wanted)) {
        if (ended) throw new Error(`it ended, or took longer than 30 s, before it was "${wanted}"`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  };
}

/** Removes a node's data. It must not run. */
export async function removeNodeData(context: NodeContext): Promise<void> {
  await rm(context.folder, { recursive: true, force: true });
}
