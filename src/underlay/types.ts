import type { Exec, ExecOptions, ExecResult } from "../host/exec.ts";
import type { Report } from "../host/progress.ts";
import type { Binaries } from "./binaries.ts";
import type { UnderlayConfig } from "./config.ts";
import type { ImageFile } from "./images.ts";
import type { Removal } from "./removal.ts";

export interface UnderlayOptions {
  /** Folder of what must last: /var/lib/underpin. */
  readonly stateDir: string;
  readonly report: Report;
  readonly exec?: Exec;
  readonly config?: UnderlayConfig;
}

export interface EnsureOptions extends UnderlayOptions {
  readonly binaries: Binaries;
  /** Root file system of the nodes, never written. */
  readonly nodeRootfs: string;
  /** Images of the control plane and the add-ons (`ensureControlPlaneImages`). */
  readonly images: readonly ImageFile[];
  /** All of these images unpacked beforehand (`findSeed`, `ensureSeed`): nothing is imported then. Used when a node starts. */
  readonly seed?: string;
}

/** What becomes of the data of a cluster that is removed. */
export type RemovedData = Omit<Removal, "keepIn">;

/** A running cluster. */
export interface UnderlayHandle {
  /** Kubeconfig of the administrator, mode 600; its server answers on this machine. */
  readonly kubeconfig: string;
  readonly nodes: readonly UnderlayNode[];
  /** False when everything ran already and nothing was done. */
  readonly changed: boolean;
  runInNode(node: string, argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** The command line that does the same, for callers that hand over their terminal. */
  commandInNode(node: string, argv: readonly string[]): Promise<readonly string[]>;
  /** Imports and pins images in a node; those that it has are no work. Returns the names that were imported. */
  importImages(node: string, images: readonly ImageFile[]): Promise<string[]>;
}

export interface UnderlayNode {
  readonly name: string;
  readonly address: string;
  /** The node's PID 1 as the machine sees it. */
  readonly pid: number;
}

export interface UnderlayStateReport {
  readonly state: "absent" | "half made" | "half removed" | "stopped" | "running" | "damaged";
  /** In plain words, when something is wrong. */
  readonly message: string;
  readonly nodes: readonly { readonly name: string; readonly running: boolean; readonly pid?: number }[];
  readonly kubeconfig?: string;
}
