import { join } from "node:path";
import { rm } from "node:fs/promises";
import { UnderlayError } from "./errors.ts";
import { readIfThere, writeAtomic } from "./files.ts";
import type { UnderlayConfig } from "./config.ts";
import type { Removal } from "./removal.ts";

/** What is remembered of a cluster between two runs. */
export interface UnderlayRecord {
  /** `making` until kubeadm has finished: such a cluster holds nothing yet and is made anew. `removing`: only its data counts. */
  readonly phase: "making" | "made" | "removing";
  /** With `removing`: what becomes of the data. */
  readonly removal?: Removal;
  /** The addresses that the cluster was made with; they cannot change later. */
  readonly config: UnderlayConfig;
  readonly kubernetes: string;
  /** Hash of the add-ons that were applied last. */
  readonly addons?: string;
}

/** The paths of the underlay inside the state folder. */
export class UnderlayPaths {
  readonly root: string;
  constructor(stateDir: string) {
    this.root = join(stateDir, "underlay");
  }
  get record(): string {
    return join(this.root, "cluster.json");
  }
  get kubeconfig(): string {
    return join(this.root, "kubeconfig");
  }
  /** Where removals keep data. */
  get kept(): string {
    return join(this.root, "retained");
  }
  /** Where the data of a cluster that is removed at this time is kept. */
  retained(time: Date): string {
    return join(this.kept, time.toISOString().replaceAll(":", "-"));
  }
  node(name: string): string {
    return join(this.root, "nodes", name);
  }
}

export async function readRecord(paths: UnderlayPaths): Promise<UnderlayRecord | undefined> {
  const text = await readIfThere(paths.record).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "EACCES") throw error;
    throw new UnderlayError(
      `${paths.record} is the administrator's, and cannot be read`,
      "Run the command as root, for example with sudo.",
    );
  });
  return text === undefined ? undefined : (JSON.parse(text) as UnderlayRecord);
}

export async function writeRecord(paths: UnderlayPaths, record: UnderlayRecord): Promise<void> {
  await writeAtomic(paths.record, `${JSON.stringify(record, null, 2)}\n`);
}

export async function removeRecord(paths: UnderlayPaths): Promise<void> {
  await rm(paths.record, { force: true });
  await rm(paths.kubeconfig, { force: true });
}
