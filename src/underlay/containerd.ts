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

interface Archive {
  readonly image: ImageFile;
  readonly layers: ArchiveLayers;
}

/**
 * Imports, unpacks and pins the images that are not there yet, several at a time; an image whose lower layers are in
 * another archive of the list waits for that one. Returns the names that were imported. Throws ExecError.
 */
export async function importImages(client: ContainerdClient, images: readonly ImageFile[]): Promise<string[]> {
  const present = new Set((await ctr(client, ["images", "ls", "-q"])).split("\n"));
  const absent = images.filter((image) => image.names.some((name) => !present.has(name)));
  if (absent.length === 0) return [];
  const content = new Set((await ctr(client, ["content", "ls", "-q"])).split("\n"));
  const missing = withBases(absent, await Promise.all(images.map(readArchive)), content);
  let waiting: readonly Archive[] = missing;
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
  return missing.flatMap(({ image }) => [...image.names]);
}

async function readArchive(image: ImageFile): Promise<Archive> {
  return { image, layers: await archiveLayers(image.file) };
}

/**
 * Besides the absent images those whose layers they stand on and the node lacks: a base that was built anew has other
 * layers under the same name.
 */
function withBases(absent: readonly ImageFile[], all: readonly Archive[], content: ReadonlySet<string>): Archive[] {
  const chosen = new Set(all.filter(({ image }) => absent.includes(image)));
  for (const { layers } of chosen) {
    const lacking = [...layers.needed].filter((layer) => !layers.present.has(layer) && !content.has(layer));
    // What is added while a set is walked through is visited too.
    for (const base of all) if (lacking.some((layer) => base.layers.present.has(layer))) chosen.add(base);
  }
  return all.filter((one) => chosen.has(one));
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
