import { open, type FileHandle } from "node:fs/promises";

/** What an OCI archive holds, and what it leaves to the archive of its parent image. */
export interface ArchiveLayers {
  readonly present: ReadonlySet<string>;
  readonly needed: ReadonlySet<string>;
}

interface Descriptor {
  readonly digest: string;
}

/** Manifests are small; a larger blob is a layer. */
const MANIFEST_LIMIT = 1 << 20;

/** Reads the headers and manifests of an uncompressed OCI archive. An archive of another form needs nothing. */
export async function archiveLayers(file: string): Promise<ArchiveLayers> {
  const handle = await open(file, "r");
  try {
    const blobs = await walk(handle);
    const present = new Set(
      [...blobs.keys()]
        .filter((name) => name.startsWith("blobs/sha256/"))
        .map((name) => `sha256:${name.slice("blobs/sha256/".length)}`),
    );
    const index = await json<{ manifests?: Descriptor[] }>(handle, blobs.get("index.json"));
    const needed = new Set<string>();
    for (const { digest } of index?.manifests ?? []) {
      const manifest = await json<{ layers?: Descriptor[] }>(
        handle,
        blobs.get(`blobs/sha256/${digest.slice("sha256:".length)}`),
      );
      for (const layer of manifest?.layers ?? []) needed.add(layer.digest);
    }
    return { present, needed };
  } finally {
    await handle.close();
  }
}

interface Place {
  readonly offset: number;
  readonly size: number;
}

/** Where each file of a tar lies; contents are skipped. */
async function walk(handle: FileHandle): Promise<Map<string, Place>> {
  const places = new Map<string, Place>();
  const block = Buffer.alloc(512);
  for (let offset = 0; ;) {
    const { bytesRead } = await handle.read(block, 0, 512, offset);
    const name = text(block, 0, 100);
    if (bytesRead < 512 || name === "") return places;
    const size = Number.parseInt(text(block, 124, 12).trim(), 8) || 0;
    places.set(name.replace(/^\.\//, ""), { offset: offset + 512, size });
    offset += 512 + Math.ceil(size / 512) * 512;
  }
}

function text(block: Buffer, start: number, length: number): string {
  return block
    .subarray(start, start + length)
    .toString("utf8")
    .replace(/\0.*$/s, "");
}

async function json<T>(handle: FileHandle, place: Place | undefined): Promise<T | undefined> {
  if (place === undefined || place.size > MANIFEST_LIMIT) return undefined;
  const data = Buffer.alloc(place.size);
  await handle.read(data, 0, place.size, place.offset);
  return JSON.parse(data.toString("utf8")) as T;
}
