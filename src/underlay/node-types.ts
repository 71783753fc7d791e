import type { Exec } from "../host/exec.ts";
import type { CgroupLayout } from "./cgroups.ts";
import type { NodeConfig, UnderlayConfig } from "./config.ts";
import type { ProcessIdentity } from "./processes.ts";

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
  /** When the node was started, in milliseconds of the epoch; nothing in it ran before. An earlier version did not write it. */
  readonly startedMs?: number;
}
