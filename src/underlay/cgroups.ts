import { mkdir, readdir, readFile, rmdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isMissing, readIfThere } from "./files.ts";
import { signal, until } from "./processes.ts";
import { UnderlayError } from "./errors.ts";

/** One control group hierarchy of the machine. */
export interface Hierarchy {
  /** As in /proc/self/cgroup: "memory", "cpu,cpuacct", "name=systemd"; "unified" for the second version. */
  readonly name: string;
  readonly mount: string;
}

export interface CgroupLayout {
  readonly version: "v1" | "v2";
  readonly hierarchies: readonly Hierarchy[];
}

/** Finds how this machine mounts its control groups. Throws UnderlayError when it mounts none. */
export async function detectCgroups(): Promise<CgroupLayout> {
  return parseCgroups(await readFile("/proc/self/cgroup", "utf8"), await readFile("/proc/self/mountinfo", "utf8"));
}

/** `detectCgroups` on given texts of /proc/self/cgroup and /proc/self/mountinfo. */
export function parseCgroups(self: string, mountinfo: string): CgroupLayout {
  const names = self
    .trim()
    .split("\n")
    .map((line) => line.split(":")[1] ?? "");
  const mounts = mountinfo
    .trim()
    .split("\n")
    .map(parseMount)
    .filter((mount) => mount.type.startsWith("cgroup"));
  mounts.sort((a, b) => Number(b.point.startsWith("/sys/fs/cgroup")) - Number(a.point.startsWith("/sys/fs/cgroup")));
  const hierarchies = names.flatMap((name): Hierarchy[] => {
    const found = mounts.find((mount) =>
      name === ""
        ? mount.type === "cgroup2"
        : mount.type === "cgroup" && name.split(",").every((part) => mount.options.includes(part)),
    );
    return found === undefined ? [] : [{ name: name === "" ? "unified" : name, mount: found.point }];
  });
  if (hierarchies.length === 0) {
    throw new UnderlayError(
      "No control groups are mounted on this machine",
      "Mount cgroup2 on /sys/fs/cgroup; containers need it.",
    );
  }
  const version = hierarchies.some((one) => one.name.split(",").includes("memory")) ? "v1" : "v2";
  return { version, hierarchies: version === "v2" ? hierarchies.filter((one) => one.name === "unified") : hierarchies };
}

function parseMount(line: string): { point: string; type: string; options: string[] } {
  const fields = line.split(" ");
  const dash = fields.indexOf("-");
  return { point: fields[4] ?? "", type: fields[dash + 1] ?? "", options: (fields[dash + 3] ?? "").split(",") };
}

/** Makes the node's group in every hierarchy, and returns the folders. */
export async function makeNodeCgroups(layout: CgroupLayout, node: string): Promise<string[]> {
  for (const { name, mount } of layout.hierarchies) {
    const parent = join(mount, "underpin");
    await mkdir(parent, { recursive: true });
    if (name.split(",").includes("cpuset")) await prepareCpuset(mount, parent);
    if (name.split(",").includes("memory"))
      await writeFile(join(parent, "memory.use_hierarchy"), "1").catch(ignoreUnsupported);
    if (layout.version === "v2") await delegate([mount, parent]);
    await mkdir(join(parent, node), { recursive: true });
  }
  return nodeCgroups(layout, node);
}

export function nodeCgroups(layout: CgroupLayout, node: string): string[] {
  return layout.hierarchies.map(({ mount }) => join(mount, "underpin", node));
}

/** A new cpuset group may hold no process before it has processors and memory; its children inherit them. */
async function prepareCpuset(mount: string, parent: string): Promise<void> {
  await writeFile(join(parent, "cgroup.clone_children"), "1");
  for (const file of ["cpuset.cpus", "cpuset.mems"])
    await writeFile(join(parent, file), await readFile(join(mount, file), "utf8"));
}

/** Lets the children of these groups use every controller (second version). */
async function delegate(groups: readonly string[]): Promise<void> {
  for (const group of groups) {
    const controllers = (await readFile(join(group, "cgroup.controllers"), "utf8")).trim().split(" ").filter(Boolean);
    for (const controller of controllers) await writeFile(join(group, "cgroup.subtree_control"), `+${controller}`);
  }
}

/** All processes in a node's groups. */
export async function cgroupProcesses(layout: CgroupLayout, node: string): Promise<number[]> {
  const pids = new Set<number>();
  for (const folder of nodeCgroups(layout, node)) {
    for (const group of await groupsUnder(folder)) {
      const text = (await readIfThere(join(group, "cgroup.procs"))) ?? "";
      for (const pid of text.split("\n").filter(Boolean)) pids.add(Number(pid));
    }
  }
  return [...pids].filter((pid) => pid !== 0 && pid !== process.pid);
}

/** Kills what is left in a node's groups and removes them. Throws UnderlayError when a process cannot be killed. */
export async function removeNodeCgroups(layout: CgroupLayout, node: string): Promise<void> {
  const gone = await until(
    async () => {
      const pids = await cgroupProcesses(layout, node);
      for (const pid of pids) signal(pid, "SIGKILL");
      return pids.length === 0;
    },
    { timeoutMs: 15_000 },
  );
  if (!gone)
    throw new UnderlayError(
      `Processes of node ${node} do not end`,
      "They may hang in the kernel; restart the machine.",
    );
  for (const { mount } of layout.hierarchies) {
    const groups = await groupsUnder(join(mount, "underpin", node));
    for (const group of groups.toReversed()) await removeGroup(group);
    await rmdir(join(mount, "underpin")).catch(ignoreBusy);
  }
}

/** The kernel empties a group a moment after its last process ended. */
async function removeGroup(group: string): Promise<void> {
  let last: unknown;
  const gone = await until(
    async () => {
      try {
        await rmdir(group);
        return true;
      } catch (error) {
        last = error;
        return isMissing(error);
      }
    },
    { timeoutMs: 5_000 },
  );
  if (!gone) throw new UnderlayError(`The control group ${group} cannot be removed`, "Look for processes in it.", last);
}

/** A group and all below it, parents first; empty when it does not exist. */
async function groupsUnder(folder: string): Promise<string[]> {
  try {
    const children = await readdir(folder, { withFileTypes: true });
    const below = await Promise.all(
      children.filter((child) => child.isDirectory()).map((child) => groupsUnder(join(folder, child.name))),
    );
    return [folder, ...below.flat()];
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

function ignoreUnsupported(error: unknown): void {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (!["EINVAL", "ENOENT", "EACCES", "EPERM", "EBUSY"].includes(code)) throw error;
}

function ignoreBusy(error: unknown): void {
  const code = (error as NodeJS.ErrnoException).code ?? "";
  if (!["EBUSY", "ENOTEMPTY", "ENOENT"].includes(code)) throw error;
}
