import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { contentHash } from "../content/canonical.ts";
import type { Exec } from "../host/exec.ts";
import { addons } from "./addons.ts";
import { nodeAddress, type UnderlayConfig } from "./config.ts";
import { reasonOf, UnderlayError } from "./errors.ts";
import { writeAtomic } from "./files.ts";
import { initConfiguration, type KubeadmTraits } from "./kubeadm.ts";
import { runInNode } from "./node.ts";
import type { NodeContext } from "./node-types.ts";

/** Makes the first control plane with kubeadm, in a node whose containerd runs and has the images. */
export async function initCluster(context: NodeContext, traits: KubeadmTraits): Promise<void> {
  const file = "/etc/underpin/kubeadm.yaml";
  await writeAtomic(
    join(context.folder, "upper", file),
    initConfiguration(context.config, context.node, traits),
    0o600,
  );
  try {
    await runInNode(context, ["kubeadm", "init", "--config", file, "--skip-token-print"], { timeoutMs: 300_000 });
  } catch (error) {
    throw new UnderlayError(
      `kubeadm could not make the cluster: ${reasonOf(error)}`,
      "Run the command again; it starts over.",
      error,
    );
  }
}

/** Writes the administrator's kubeconfig for use on the machine: the node's address instead of the cluster's inner name. */
export async function writeKubeconfig(context: NodeContext, path: string): Promise<void> {
  const text = await readFile(join(context.folder, "upper/etc/kubernetes/admin.conf"), "utf8");
  const admin = parse(text) as { clusters: { cluster: { server: string } }[] };
  for (const { cluster } of admin.clusters)
    cluster.server = `https://${nodeAddress(context.config, context.node)}:${context.config.apiPort}`;
  await writeAtomic(path, stringify(admin), 0o600);
}

/** kubectl with a kubeconfig, as the machine runs it. */
export interface Kubectl {
  readonly exec: Exec;
  readonly bin: string;
  readonly kubeconfig: string;
}

export async function kubectl(client: Kubectl, args: readonly string[], input?: string): Promise<string> {
  const options = { timeoutMs: 180_000, ...(input === undefined ? {} : { input }) };
  return (await client.exec(join(client.bin, "kubectl"), ["--kubeconfig", client.kubeconfig, ...args], options)).stdout;
}

/** Hash of DNS and storage as they should be. */
export function addonsHash(config: UnderlayConfig): string {
  return contentHash(addons(config));
}

/** Applies DNS and storage; returns their hash. */
export async function applyAddons(client: Kubectl, config: UnderlayConfig): Promise<string> {
  const list = JSON.stringify({ apiVersion: "v1", kind: "List", items: addons(config) });
  await kubectl(
    client,
    ["apply", "--server-side", "--force-conflicts", "--field-manager=underpin-cli", "--validate=false", "-f", "-"],
    list,
  );
  return addonsHash(config);
}
