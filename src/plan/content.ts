// The whole of a plan as it is kept in the cluster: compressed, in parts that fit into ConfigMaps and are named by their content.
import { createHash } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import type { CloudSpec } from "../api/cloud.ts";
import type { Manifest } from "../api/manifest.ts";
import { API_VERSION, LABEL } from "../api/names.ts";
import { PLAN_KIND } from "../api/plan.ts";
import { canonicalJson } from "../content/canonical.ts";
import { isFields } from "./fields.ts";
import type { Plan } from "./plan.ts";

/** Form of what is kept; a reader refuses a later one. */
export const CONTENT_VERSION = 1;

/** Everything that a plan says, and the Cloud's specs that it leads from and to. */
export interface PlanContent {
  readonly formatVersion: typeof CONTENT_VERSION;
  readonly plan: Plan;
  /** What was in effect; absent for the first plan of a Cloud. */
  readonly before?: CloudSpec;
  readonly after: CloudSpec;
}

export interface Chunk {
  /** `<prefix>-<first 10 digits of the SHA-256 of data>`. */
  readonly name: string;
  /** Base64. */
  readonly data: string;
}

export interface PackedContent {
  /** Hex SHA-256 of the content's canonical JSON. */
  readonly hash: string;
  /** In order; at least one. */
  readonly chunks: readonly Chunk[];
}

/** What is kept of a plan cannot be read. */
export class ContentError extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`The content of the plan cannot be read: ${reason}`, options);
    this.name = "ContentError";
  }
}

/** Bytes of text in one part: an object may have about 1 MiB, and a request 1.5. */
const CHUNK_BYTES = 256 * 1024;
/** Bytes that a content may unfold to: more is nothing that was packed here. */
const MAX_BYTES = 64 * 1024 * 1024;
/** Longest name of an object, and longest value of a label. */
const MAX_NAME = 253;
const MAX_LABEL = 63;
/** Key of the text in a ConfigMap. */
const KEY = "content";

/** Compressed and cut. Equal content, equal hash, names and text. Pure. */
export function packContent(content: PlanContent, names: { readonly prefix: string }): PackedContent {
  const json = canonicalJson(content);
  const text = gzipSync(json).toString("base64"); // Node writes no time into gzip's header
  const count = Math.ceil(text.length / CHUNK_BYTES);
  const parts = Array.from({ length: count }, (_, index) => text.slice(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES));
  return {
    hash: sha256(json),
    chunks: parts.map((data) => ({ name: suffixed(names.prefix, sha256(data), MAX_NAME), data })),
  };
}

/**
 * The content again. `chunks` in order, undefined for one that was not found. Throws ContentError when one is missing,
 * when they are not what `hash` names, and when a later version wrote them.
 */
export function unpackContent(chunks: readonly (string | undefined)[], hash: string): PlanContent {
  const missing = chunks.findIndex((chunk) => chunk === undefined);
  if (chunks.length === 0) throw new ContentError("none of its parts is there");
  if (missing >= 0) throw new ContentError(`part ${missing + 1} of ${chunks.length} is missing`);
  const json = unfolded(chunks.join(""));
  if (sha256(json) !== hash)
    throw new ContentError(`its hash is ${sha256(json)}, and should be ${hash}: a part is missing or was changed`);
  const content: unknown = JSON.parse(json);
  const version = isFields(content) ? content["formatVersion"] : undefined;
  if (version !== CONTENT_VERSION)
    throw new ContentError(`it has form ${String(version)}, and this version reads form ${CONTENT_VERSION}`);
  return content as PlanContent;
}

function unfolded(text: string): string {
  try {
    return gunzipSync(Buffer.from(text, "base64"), { maxOutputLength: MAX_BYTES }).toString("utf8");
  } catch (cause) {
    throw new ContentError("its parts do not belong together, or one is missing or was changed", { cause });
  }
}

/** The Plan that a content belongs to. */
export interface ContentOwner {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/**
 * The ConfigMaps of a packed content: they never change, and go with their Plan. They do not carry the label of the
 * Cloud's objects, so that no plan is made of a plan. Equal parts are one ConfigMap. Pure.
 */
export function contentConfigMaps({ chunks }: PackedContent, owner: ContentOwner): readonly Manifest[] {
  const { namespace, name: plan, uid } = owner;
  const reference = { apiVersion: API_VERSION, kind: PLAN_KIND, name: plan, uid };
  const unique = new Map(chunks.map((chunk) => [chunk.name, chunk]));
  return [...unique.values()].map(({ name, data }) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, namespace, labels: { [LABEL.plan]: planLabel(plan) }, ownerReferences: [reference] },
    immutable: true,
    data: { [KEY]: data },
  }));
}

/** The part in a ConfigMap, undefined when there is none. Pure. */
export function chunkOf(configMap: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const data = configMap?.["data"];
  const text = isFields(data) ? data[KEY] : undefined;
  return typeof text === "string" ? text : undefined;
}

/** Value of the label `underpin.dev/plan`: the name of the Plan; one that is too long is cut, and ends with its hash. */
export function planLabel(plan: string): string {
  return plan.length <= MAX_LABEL ? plan : suffixed(plan, sha256(plan), MAX_LABEL);
}

function suffixed(name: string, hash: string, longest: number): string {
  const end = `-${hash.slice(0, 10)}`;
  return `${name.slice(0, longest - end.length).replace(/[-.]+$/, "")}${end}`;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
