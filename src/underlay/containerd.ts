import { join } from "node:path";
import type { Exec } from "../host/exec.ts";
import { archiveLayers, type ArchiveLayers } from "./archive.ts";
import type { ImageFile } from "./images.ts";

/** The containerd of one node, reached from the machine. */
export interface ContainerdClient {
  readonly exec: Exec;
  /** Folder that holds `ctr`. */
  readonly bin: string;
  readonly socket: string;
}

/** As many as keep the disk and two processors busy. */
const AT_ONCE = 3;

/**
 * Imports, unpacks and pins the images that are not there yet, several at a time; an image whose lower layers are in
 * another archive of the list waits for that one. Returns the names that were imported. Throws ExecError.
 */
export async function importImages(client: ContainerdClient, images: readonly ImageFile[]): Promise<string[]> {
  const present = new Set((await ctr(client, ["images", "ls", "-q"])).split("\n"));
  const missing = images.filter((image) => image.names.some((name) => !present.has(name)));
  const archives = await Promise.all(
    missing.map(async (image) => ({ image, layers: await archiveLayers(image.file) })),
  );
  let waiting = archives;
  while (waiting.length > 0) {
    const later = waiting.filter((one) => waiting.some((other) => other !== one && provides(other.layers, one.layers)));
    // In a circle, which no builder makes, containerd itself says what is missing.
    const now = later.length === waiting.length ? waiting : waiting.filter((one) => !later.includes(one));
    await importAll(
      client,
      now.map(({ image }) => image.file),
    );
    waiting = waiting.filter((one) => !now.includes(one));
  }
  return missing.flatMap((image) => [...image.names]);
}

/** Whether `giver` holds a layer that `taker` refers to and does not hold. */
function provides(giver: ArchiveLayers, taker: ArchiveLayers): boolean {
  return [...taker.needed].some((layer) => !taker.present.has(layer) && giver.present.has(layer));
}

async function importAll(client: ContainerdClient, files: readonly string[]): Promise<void> {
  const queue = [...files];
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      // Pinned: no registry could give it back if the kubelet removed it.
      await ctr(client, ["images", "import", "--local", "--label", "io.cri-containerd.pinned=pinned", file]);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function ctr(client: ContainerdClient, args: readonly string[]): Promise<string> {
  return (await client.exec(join(client.bin, "ctr"), ["-a", client.socket, "-n", "k8s.io", ...args])).stdout;
}
