// up: the whole way from a bare machine to a cloud with a guest that answers, as a flat list of parts.
import type { Exec } from "../host/exec.ts";
import type { Report } from "../host/progress.ts";
import { ContentStore } from "../host/store.ts";
import { type BuiltImage, ensureGuest, ensureImages, ensureNodeRootfs } from "../images/index.ts";
import { type Binaries, ensureBinaries, ensureControlPlaneImages, type ImageFile } from "../underlay/index.ts";

export interface PrepareOptions {
  readonly cacheDir: string;
  readonly exec: Exec;
  readonly report: Report;
}

/** What is built beforehand, from the cache where nothing changed. Each part is waited for only by what needs it. */
export interface Prepared {
  readonly underlay: Promise<{
    readonly binaries: Binaries;
    readonly nodeRootfs: string;
    readonly images: readonly ImageFile[];
  }>;
  readonly images: Promise<readonly BuiltImage[]>;
  /** Folder with the guest's kernel, ramdisk and disk. */
  readonly guest: Promise<string>;
}

/** Begins to make everything that can be made without a cluster, side by side. */
export function prepare(options: PrepareOptions): Prepared {
  const { cacheDir, exec, report } = options;
  const store = new ContentStore(`${cacheDir}/store`);
  const common = { store, cacheDir, exec, report };
  const binaries = ensureBinaries(common);
  // One run of the image builder at a time: the node's root file system first, since the cluster waits for it.
  const nodeRootfs = ensureNodeRootfs(common);
  const images = nodeRootfs.then(() => ensureImages(common));
  const guest = images.then(() => ensureGuest(common));
  const underlay = Promise.all([binaries, nodeRootfs]).then(async ([programs, rootfs]) => ({
    binaries: programs,
    nodeRootfs: rootfs,
    images: await ensureControlPlaneImages({ store, binaries: programs, nodeRootfs: rootfs, exec }),
  }));
  const prepared = { underlay, images, guest };
  // A failure is told by whoever waits for the part; until then it must not end the process.
  for (const part of Object.values(prepared)) part.catch(() => undefined);
  return prepared;
}

/** Images as containerd imports them. */
export function imageFiles(images: readonly BuiltImage[]): ImageFile[] {
  return images.map(({ archive, reference }) => ({ file: archive, names: [reference] }));
}
