import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import type { Recipe } from "./recipe.ts";

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const LAYER = "application/vnd.oci.image.layer.v1.tar";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";
const BLOCK = 512;

/** Where the layer's bytes start in an archive: its tar header is written in front of it once its digest is known. */
export const LAYER_OFFSET = BLOCK;

/**
 * Turns `archive`, which holds a layer's tar from LAYER_OFFSET to its end, into an OCI archive of an image with the
 * layers `parents` below it. Nothing is copied; the parents' layers stay in their own archives, which must be imported
 * before this one. Returns the descriptors of all layers.
 */
export async function finishArchive(
  archive: string,
  image: { reference: string; recipe: Recipe; env: Readonly<Record<string, string>>; parents: readonly Descriptor[] },
): Promise<readonly Descriptor[]> {
  const layer = await layerOf(archive);
  const layers = [...image.parents, layer];
  const config = blob(CONFIG, imageConfig(image.recipe, image.env, layers));
  const manifest = blob(MANIFEST, { schemaVersion: 2, mediaType: MANIFEST, config: config.descriptor, layers });
  const annotations = {
    "io.containerd.image.name": image.reference,
    "org.opencontainers.image.ref.name": image.reference.slice(image.reference.lastIndexOf(":") + 1),
  };
  const index = { schemaVersion: 2, mediaType: INDEX, manifests: [{ ...manifest.descriptor, annotations }] };
  const file = await open(archive, "r+");
  try {
    await file.write(tarHeader(blobPath(layer), layer.size), 0, BLOCK, 0);
    const tail = Buffer.concat([
      padding(layer.size),
      ...tarEntry(blobPath(config.descriptor), config.bytes),
      ...tarEntry(blobPath(manifest.descriptor), manifest.bytes),
      ...tarEntry("index.json", json(index)),
      ...tarEntry("oci-layout", json({ imageLayoutVersion: "1.0.0" })),
      Buffer.alloc(2 * BLOCK),
    ]);
    await file.write(tail, 0, tail.length, LAYER_OFFSET + layer.size);
  } finally {
    await file.close();
  }
  return layers;
}

async function layerOf(archive: string): Promise<Descriptor> {
  const hash = createHash("sha256");
  let size = 0;
  const source = createReadStream(archive, { start: LAYER_OFFSET, highWaterMark: 1 << 20 });
  await pipeline(source, async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.length;
    }
  });
  return { mediaType: LAYER, digest: `sha256:${hash.digest("hex")}`, size };
}

function imageConfig(recipe: Recipe, env: Readonly<Record<string, string>>, layers: readonly Descriptor[]): unknown {
  return {
    architecture: "amd64",
    os: "linux",
    config: {
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      WorkingDir: recipe.workingDir,
      ...(recipe.user === "" ? {} : { User: recipe.user }),
      ...(recipe.entrypoint.length === 0 ? {} : { Entrypoint: recipe.entrypoint }),
    },
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.digest) },
  };
}

function blob(mediaType: string, value: unknown): { descriptor: Descriptor; bytes: Buffer } {
  const bytes = json(value);
  const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  return { descriptor: { mediaType, digest, size: bytes.length }, bytes };
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function blobPath({ digest }: Descriptor): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function padding(size: number): Buffer {
  return Buffer.alloc((BLOCK - (size % BLOCK)) % BLOCK);
}

function tarEntry(name: string, bytes: Buffer): Buffer[] {
  return [tarHeader(name, bytes.length), bytes, padding(bytes.length)];
}

/** A ustar header. Sizes up to 8 GiB, as its octal field allows. */
export function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, offset: number, length: number): void => {
    header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, offset, "latin1");
  };
  header.write(name, 0, 100, "latin1");
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  header.write("        0", 148, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return header;
}
