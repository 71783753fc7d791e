import { spawn, type ChildProcess } from "node:child_process";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { exec, type ExecOptions, type ExecResult } from "../host/exec.ts";
import { cgroupProcesses, makeNodeCgroups, nodeCgroups, removeNodeCgroups } from "./cgroups.ts";
import { reasonOf, UnderlayError } from "./errors.ts";
import { attachNode, detachNode } from "./fabric.ts";
import { readIfThere, writeAtomic } from "./files.ts";
import type { NodeContext, NodePrograms, NodeProcesses } from "./node-types.ts";
import { prepareFolder } from "./node-folder.ts";
import { childrenOf, identify, isAlive, signal, until } from "./processes.ts";

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
    await until(async () => !(await isAlive(processes.keeper)), { timeoutMs: 5_000 });
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
    await until(async () => (await left()).length === 0, { timeoutMs: waitMs, everyMs: 30 });
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
  const processes = { keeper, init, startedMs: Date.now() };
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
