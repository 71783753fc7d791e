import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, readlink, stat, type FileHandle } from "node:fs/promises";

/** One thing in a layer. Files are copied from `source`; owner is root and the time is zero, so that equal input gives equal bytes. */
export type LayerEntry =
  | { readonly path: string; readonly type: "folder"; readonly mode?: number }
  | { readonly path: string; readonly type: "link"; readonly target: string }
  | { readonly path: string; readonly type: "file"; readonly source: string; readonly mode?: number }
  | { readonly path: string; readonly type: "text"; readonly text: string; readonly mode?: number };

export interface ImageConfig {
  readonly entrypoint?: readonly string[];
  readonly user?: string;
}

/** Writes an OCI layout as one tar with one uncompressed layer; every name in `names` refers to the same image. */
export async function writeImage(
  file: string,
  layer: readonly LayerEntry[],
  names: readonly string[],
  config: ImageConfig = {},
): Promise<void> {
  const digest = createHash("sha256");
  const size = await writeLayer(layer, new HashSink(digest));
  const layerDigest = digest.digest("hex");
  const documents = imageDocuments({ digest: layerDigest, size }, names, config);
  const handle = await open(file, "w", 0o644);
  try {
    const sink = new FileSink(handle);
    for (const [path, text] of documents) await writeText(sink, path, text, 0o644);
    await sink.write(header({ path: `blobs/sha256/${layerDigest}`, mode: 0o644, size, type: "0" }));
    await writeLayer(layer, sink);
    await sink.write(padding(size));
    await sink.write(Buffer.alloc(1024));
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The layer entries of a file: its folders are not included. */
export async function fileEntry(path: string, source: string): Promise<LayerEntry> {
  return { path, type: "file", source, mode: (await stat(source)).mode & 0o777 };
}

/** A symbolic link as it is in another root file system. */
export async function linkEntry(path: string, source: string): Promise<LayerEntry> {
  return { path, type: "link", target: await readlink(source) };
}

interface Sink {
  write(data: Uint8Array): Promise<void>;
}

class HashSink implements Sink {
  private readonly hash: Hash;
  constructor(hash: Hash) {
    this.hash = hash;
  }
  write(data: Uint8Array): Promise<void> {
    this.hash.update(data);
    return Promise.resolve();
  }
}

class FileSink implements Sink {
  private readonly handle: FileHandle;
  constructor(handle: FileHandle) {
    this.handle = handle;
  }
  async write(data: Uint8Array): Promise<void> {
    for (let done = 0; done < data.length;) done += (await this.handle.write(data, done)).bytesWritten;
  }
}

async function writeLayer(layer: readonly LayerEntry[], out: Sink): Promise<number> {
  let size = 0;
  const sink: Sink = {
    write: (data) => {
      size += data.length;
      return out.write(data);
    },
  };
  for (const entry of withFolders(layer)) {
    if (entry.type === "folder")
      await sink.write(header({ path: `${entry.path}/`, mode: entry.mode ?? 0o755, size: 0, type: "5" }));
    else if (entry.type === "link")
      await sink.write(header({ path: entry.path, mode: 0o777, size: 0, type: "2", target: entry.target }));
    else if (entry.type === "text") await writeText(sink, entry.path, entry.text, entry.mode ?? 0o644);
    else await writeFileEntry(sink, entry.path, entry.source, entry.mode ?? 0o644);
  }
  await sink.write(Buffer.alloc(1024));
  return size;
}

/** Adds the folders that are missing, parents first, each once. */
function withFolders(layer: readonly LayerEntry[]): LayerEntry[] {
  const all = new Map<string, LayerEntry>();
  for (const entry of layer) {
    const parts = entry.path.split("/");
    for (let depth = 1; depth < parts.length; depth++) {
      const path = parts.slice(0, depth).join("/");
      if (!all.has(path)) all.set(path, { path, type: "folder" });
    }
    all.set(entry.path, entry);
  }
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function writeText(sink: Sink, path: string, text: string, mode: number): Promise<void> {
  const data = Buffer.from(text);
  await sink.write(header({ path, mode, size: data.length, type: "0" }));
  await sink.write(data);
  await sink.write(padding(data.length));
}

async function writeFileEntry(sink: Sink, path: string, source: string, mode: number): Promise<void> {
  const { size } = await stat(source);
  await sink.write(header({ path, mode, size, type: "0" }));
  for await (const chunk of createReadStream(source, { highWaterMark: 1 << 20 })) await sink.write(chunk as Uint8Array);
  await sink.write(padding(size));
}

interface Header {
  readonly path: string;
  readonly mode: number;
  readonly size: number;
  readonly type: "0" | "2" | "5";
  readonly target?: string;
}

/** A ustar header (POSIX.1-1988). Names above 100 bytes are not needed here and refused. */
function header(entry: Header): Buffer {
  const block = Buffer.alloc(512);
  for (const text of [entry.path, entry.target ?? ""]) {
    if (Buffer.byteLength(text) > 100) throw new RangeError(`the name is too long for an image layer: ${text}`);
  }
  block.write(entry.path, 0);
  block.write(octal(entry.mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(entry.size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write("        ", 148);
  block.write(entry.type, 156);
  block.write(entry.target ?? "", 157);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${octal(sum, 6)}\u0000 `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

function padding(size: number): Buffer {
  return Buffer.alloc((512 - (size % 512)) % 512);
}

function imageDocuments(
  layer: { digest: string; size: number },
  names: readonly string[],
  config: ImageConfig,
): [string, string][] {
  const created = "1970-01-01T00:00:00Z";
  const image = JSON.stringify({
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    created,
    config: {
      Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
      ...(config.entrypoint === undefined ? {} : { Entrypoint: config.entrypoint }),
      ...(config.user === undefined ? {} : { User: config.user }),
    },
    rootfs: { type: "layers", diff_ids: [`sha256:${layer.digest}`] },
    history: [{ created, created_by: "underpin" }],
  });
  const manifest = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptor("application/vnd.oci.image.config.v1+json", image),
    layers: [
      { mediaType: "application/vnd.oci.image.layer.v1.tar", digest: `sha256:${layer.digest}`, size: layer.size },
    ],
  });
  const index = JSON.stringify({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: names.map((name) => ({
      ...descriptor("application/vnd.oci.image.manifest.v1+json", manifest),
      annotations: {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name.slice(name.lastIndexOf(":") + 1),
      },
    })),
  });
  return [
    ["oci-layout", '{"imageLayoutVersion":"1.0.0"}'],
    ["index.json", index],
    [`blobs/sha256/${sha256(image)}`, image],
    [`blobs/sha256/${sha256(manifest)}`, manifest],
  ];
}

function descriptor(mediaType: string, text: string): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest: `sha256:${sha256(text)}`, size: Buffer.byteLength(text) };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
