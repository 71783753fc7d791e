// underlay: Kubernetes on this machine: programs, nodes in namespaces of their own, network, kubeadm, add-ons.
import { stopNode } from "./node.ts";
import { removeFabric } from "./fabric.ts";
import { Run } from "./run.ts";
import type { EnsureOptions, RemovedData, UnderlayHandle, UnderlayOptions, UnderlayStateReport } from "./types.ts";

export { ensureBinaries, type Binaries, type BinarySource } from "./binaries.ts";
export { ensureControlPlaneImages, type ImageFile } from "./images.ts";
export { ensureSeed, findSeed, type SeedOptions } from "./seed.ts";
export { DEFAULT_CONFIG, type NodeConfig, type UnderlayConfig } from "./config.ts";
export { UnderlayError } from "./errors.ts";
export type { Check } from "./check.ts";
export { requireFit, requireInstallable, runChecks } from "./doctor.ts";
export { installTools, missingTools, packagesOf } from "./tools.ts";
export type {
  EnsureOptions,
  RemovedData,
  UnderlayHandle,
  UnderlayNode,
  UnderlayOptions,
  UnderlayStateReport,
} from "./types.ts";

/**
 * Makes sure that the cluster runs: makes it, starts it again with its data after a stop, a reboot or a kill, or does
 * nothing. A cluster that was half made is removed and made anew. Throws UnderlayError.
 */
export async function ensureUnderlay(options: EnsureOptions): Promise<UnderlayHandle> {
  const run = await Run.open(options);
  return run.ensure(options);
}

/** Ends all processes of the cluster; its data stays. */
export async function stopUnderlay(options: UnderlayOptions): Promise<void> {
  await endCluster(options);
}

/**
 * Removes the cluster with all its data: processes, mounts, control groups, links, and what earlier removals kept; true
 * when there was such.
 */
export async function purgeUnderlay(options: UnderlayOptions): Promise<boolean> {
  return (await endCluster(options)).purge();
}

/**
 * Removes the cluster: processes, mounts, control groups, links. Answers the folder in which its data is kept, as far as
 * `data` does not say that it goes; undefined when there is nothing to keep. Interrupted and called again, it goes on.
 */
export async function removeUnderlay(options: UnderlayOptions & { data: RemovedData }): Promise<string | undefined> {
  return (await endCluster(options)).remove(options.data);
}

async function endCluster(options: UnderlayOptions): Promise<Run> {
  const run = await Run.open(options);
  await Promise.all(run.contexts().map((context) => stopNode(context)));
  await removeFabric(run.exec, run.config);
  return run;
}

/** What there is of the cluster now; changes nothing. */
export async function underlayState(options: Omit<UnderlayOptions, "report">): Promise<UnderlayStateReport> {
  const run = await Run.open({ ...options, report: () => undefined });
  return run.state();
}
