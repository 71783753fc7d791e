import { availableParallelism } from "node:os";
import { ContentStore } from "../host/store.ts";
import { exec } from "../host/exec.ts";
import { kvmUsable } from "../underlay/kvm.ts";
import { missingTools, packagesOf, requireInstallable, underlayState } from "../underlay/index.ts";
import { access } from "node:fs/promises";
import { join } from "node:path";

/**
 * What `up` would install on this machine, a line each; touches nothing. Empty when the cluster is there already. Throws
 * UnderlayError when this machine cannot run one.
 */
export async function preview(options: {
  readonly cacheDir: string;
  readonly stateDir: string;
}): Promise<readonly string[]> {
  const { state } = await underlayState({ stateDir: options.stateDir });
  if (state === "running" || state === "stopped") return [];
  await requireInstallable(options);
  const store = new ContentStore(join(options.cacheDir, "store"));
  const built = await access(join(store.root, "binaries")).then(
    () => true,
    () => false,
  );
  const cost = built
    ? "most of it is built already"
    : `about 15 minutes the first time on ${availableParallelism()} cores`;
  const packages = packagesOf(await missingTools(exec));
  return [
    ...(packages.length === 0 ? [] : [`Debian packages, by apt: ${packages.join(", ")}`]),
    `programs and images, built into ${options.cacheDir} (${cost}; goes with: underpin cache clean)`,
    `a Kubernetes node in its own namespaces, with its data in ${options.stateDir} (goes with: underpin down --purge)`,
    "the network bridges underpin0 and underpin1 on this machine (go with: underpin stop or down)",
    ...((await kvmUsable()) ? [] : ["guests that are emulated (TCG), much slower: there is no usable /dev/kvm"]),
    'an entry "underpin" in your OpenStack clouds.yaml; other entries and comments stay',
  ];
}
