// up: the whole way from a bare machine to a cloud with a guest that answers, as a flat list of parts.
import type { Exec } from "../host/exec.ts";
import { type Report, timed } from "../host/progress.ts";
import { ContentStore } from "../host/store.ts";
import { type BuiltImage, ensureGuest, ensureImages, ensureNodeRootfs, type ImageOptions } from "../images/index.ts";
import {
  type Binaries,
  ensureBinaries,
  ensureControlPlaneImages,
  ensureSeed,
  findSeed,
  type ImageFile,
} from "../underlay/index.ts";

export interface PrepareOptions {
  readonly cacheDir: string;
  readonly exec: Exec;
  readonly report: Report;
  /** The node runs already: it keeps the images that it has, and gets new ones by import. */
  readonly nodeRuns: boolean;
}

/** What is built beforehand, from the cache where nothing changed. */
export interface Prepared {
  readonly binaries: Binaries;
  /** Root file system of the nodes. */
  readonly nodeRootfs: string;
  /** Images of the control plane and of everything else. */
  readonly files: readonly ImageFile[];
  /** The images of Underpin's own recipes. */
  readonly images: readonly BuiltImage[];
  /** All images unpacked beforehand, for a node that starts; absent when the node runs already. */
  readonly seed: string | undefined;
  /** Folder with the guest's kernel, ramdisk and disk. */
  readonly guest: string;
}

/** Makes everything that can be made without a cluster, programs and images side by side. */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const { cacheDir, exec, report, nodeRuns } = options;
  const store = new ContentStore(`${cacheDir}/store`);
  const common = { store, cacheDir, exec, report };
  const [binaries, [nodeRootfs, images, guest]] = await both(ensureBinaries(common), allImages(common));
  const controlPlane = await ensureControlPlaneImages({ store, binaries, nodeRootfs, exec });
  const files = [...controlPlane, ...imageFiles(images)];
  const known = await findSeed(store, files);
  const seed =
    nodeRuns || known !== undefined
      ? known
      : await timed(report, "images/unpack", "unpacking the images for the node", () =>
          ensureSeed({ store, binaries, images: files, exec }),
        );
  return { binaries, nodeRootfs, files, images, seed, guest };
}

/** One image builder works at a time; it is parallel in itself. */
async function allImages(common: ImageOptions): Promise<[string, BuiltImage[], string]> {
  return [await ensureNodeRootfs(common), await ensureImages(common), await ensureGuest(common)];
}

/** Both results; when one fails, the other is waited for all the same, so that nothing goes on behind the error. */
export async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

/** Images as containerd imports them. */
function imageFiles(images: readonly BuiltImage[]): ImageFile[] {
  return images.map(({ archive, reference }) => ({ file: archive, names: [reference] }));
}
