// What a cluster has of a Cloud, as a file without a secret's value: a plan can be made of it anywhere.
import { createHash } from "node:crypto";
import { z } from "zod";
import type { KubeObject, ObjectRef } from "../kube/types.ts";

/** Form of the file; a reader refuses a later one. */
export const SNAPSHOT_VERSION = 1;
const FORMAT = "underpin-snapshot";

const object = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});
const content = z.object({
  /** ISO 8601. */
  made: z.string(),
  /** Uid of the namespace kube-system. */
  cluster: z.string(),
  installed: z.object({
    images: z.record(z.string(), z.string()),
    operator: z.string(),
    clusterDomain: z.string(),
  }),
  cloud: object,
  nodes: z.array(object),
  namespaces: z.array(z.string()),
  objects: z.array(object),
  inventory: z.array(
    z.object({ apiVersion: z.string(), kind: z.string(), namespace: z.string().optional(), name: z.string() }),
  ),
  /** Secrets of the user, by name and key, with masks for their values. */
  secrets: z.record(z.string(), z.record(z.string(), z.string())),
  /** Keys of the objects of which only a hash is known. */
  opaque: z.array(z.string()),
});
const file = z.object({ sha256: z.string(), content: z.unknown() });
const head = z.object({ format: z.literal(FORMAT), formatVersion: z.int() });

type Content = z.output<typeof content>;

/** What a cluster has of a Cloud at one time; no secret's value is in it. */
export type SnapshotFile = Omit<Content, "cloud" | "nodes" | "objects" | "inventory"> & {
  readonly cloud: KubeObject;
  readonly nodes: readonly KubeObject[];
  readonly objects: readonly KubeObject[];
  readonly inventory: readonly ObjectRef[];
};

/** A file that is no snapshot which this version can read. */
export class SnapshotFileError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.name = "SnapshotFileError";
  }
}

/** Text of the file. Pure. */
export function snapshotText(snapshot: SnapshotFile): string {
  const text = JSON.stringify(snapshot);
  return `{"format":"${FORMAT}","formatVersion":${SNAPSHOT_VERSION},"sha256":"${sha256(text)}","content":${text}}\n`;
}

/** Reads what `snapshotText` made. Throws SnapshotFileError. */
export function parseSnapshot(text: string): SnapshotFile {
  const value = parsed(text);
  const found = head.safeParse(value);
  if (!found.success) throw new SnapshotFileError("it is not a snapshot that underpin made");
  const { formatVersion } = found.data;
  if (formatVersion > SNAPSHOT_VERSION)
    throw new SnapshotFileError(
      `a later version of underpin made it: its form is ${formatVersion}, this version reads ${SNAPSHOT_VERSION}`,
    );
  const outer = file.safeParse(value);
  if (!outer.success || sha256(JSON.stringify(outer.data.content)) !== outer.data.sha256)
    throw new SnapshotFileError("it was changed after it was made, or is damaged");
  const inner = content.safeParse(outer.data.content);
  if (inner.success) return inner.data as SnapshotFile;
  const issue = inner.error.issues[0];
  throw new SnapshotFileError(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not readable"}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const begins = text.startsWith(`{"format":"${FORMAT}"`);
    throw new SnapshotFileError(
      begins ? "it is only a part of a snapshot: its end is missing" : "it is not a snapshot that underpin made",
      { cause },
    );
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
