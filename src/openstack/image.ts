import { createReadStream } from "node:fs";
import { Readable } from "node:stream";

import { Collection, type Resource } from "./resource.ts";
import type { Session } from "./session.ts";

export interface Image extends Resource {
  /** `queued` (no bytes yet), `saving`, `active`, `killed`, `deleted`, … */
  readonly status: string;
  readonly disk_format: string | null;
  readonly container_format: string | null;
  readonly visibility: string;
  /** Bytes. */
  readonly size: number | null;
  readonly os_hash_algo?: string | null;
  readonly os_hash_value?: string | null;
  readonly owner?: string;
  readonly [property: string]: unknown;
}

const service = "image";
export const images = new Collection<Image>({ service, path: "/images", many: "images" });

/** An upload of a large image over a slow disk. */
const UPLOAD_TIMEOUT_MS = 600_000;

/** Sends the bytes of an image that was created and is `queued`. */
export async function uploadImage(
  session: Session,
  id: string,
  from: { file: string } | { bytes: Buffer },
): Promise<void> {
  await session.request({
    service,
    method: "PUT",
    path: `/images/${id}/file`,
    stream: () => ("file" in from ? createReadStream(from.file) : Readable.from([from.bytes])),
    timeoutMs: UPLOAD_TIMEOUT_MS,
  });
}

/** Sets properties of an image, those that exist and those that do not. */
export async function setImageProperties(
  session: Session,
  image: Image,
  wanted: Readonly<Record<string, string>>,
): Promise<void> {
  await session.request({
    service,
    method: "PATCH",
    path: `/images/${image.id}`,
    headers: { "content-type": "application/openstack-images-v2.1-json-patch" },
    json: Object.entries(wanted).map(([name, value]) => ({
      op: name in image ? "replace" : "add",
      path: `/${name}`,
      value,
    })),
  });
}
