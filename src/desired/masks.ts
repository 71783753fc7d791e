// Secrets without their values: what stands for each is the same wherever the value is, so that a Cloud can be built of it.
import { createHmac } from "node:crypto";
import { FIELD_MANAGER, GROUP } from "../api/names.ts";
import { prepared } from "../kube/apply.ts";
import { isFields } from "../kube/compare.ts";
import { fieldAt, type KubeObject } from "../kube/types.ts";
import type { Manifest } from "../workloads/contract.ts";
import type { SecretData } from "./vault.ts";

/** What stands for a value: equal values, equal masks; nobody without the key finds the value by trying. */
export type Mask = (value: string) => string;

/** Before the mask of a whole text of which nothing else is known. */
const OPAQUE = "underpin-unknown-";
/** Keys of Secrets that are public: certificates. */
const PUBLIC = /(^|\.)(tls|ca)\.crt$/;

/** Masks look like what Underpin generates: 32 characters that no program must escape. */
export function masksBy(key: string): Mask {
  return (value) => (value === "" ? "" : createHmac("sha256", key).update(value).digest("hex").slice(0, 32));
}

/** Credentials and certificates with masks for their values; certificates, but not their keys, stay. Pure. */
export function maskedData(data: SecretData, mask: Mask): SecretData {
  const entries = Object.entries(data).map(([key, value]) => [key, PUBLIC.test(key) ? value : mask(value)]);
  return Object.fromEntries(entries) as SecretData;
}

/** One object as it is built of the values, and of their masks. */
export interface TwoSides {
  readonly real: Manifest;
  readonly masked: Manifest;
}

export interface MaskedSecret {
  readonly object: KubeObject;
  /** Something in it is not what is built: it can only be told whether it changed. */
  readonly opaque: boolean;
}

/** A Secret that is built of others, as it would be if they had their masks. Pure. */
export function maskedSecret(live: KubeObject, sides: TwoSides | undefined, mask: Mask): MaskedSecret {
  const [real, masked] = [sides?.real, sides?.masked].map((one) =>
    one === undefined ? {} : (fieldAt(prepared(one, `${GROUP}/shape`), "data") as Record<string, string>),
  );
  let opaque = false;
  const entries = Object.entries((fieldAt(live, "data") ?? {}) as Record<string, string>).map(([key, value]) => {
    const twin = masked?.[key];
    if (twin !== undefined && real?.[key] === value) return [key, twin];
    opaque = true;
    return [key, Buffer.from(`${OPAQUE}${mask(value)}`).toString("base64")];
  });
  return { object: { ...live, data: Object.fromEntries(entries) as unknown }, opaque };
}

/** Texts that follow from secrets without telling them, and what they are when built of masks: names and hashes. */
export class Followers {
  readonly #masked = new Map<string, string>();

  /** Learns from one object's two sides. What a Secret holds is left out. */
  learn({ real, masked }: TwoSides): void {
    const plain = ({ data: _data, stringData: _text, ...rest }: Manifest): unknown => rest;
    const secret = real.kind === "Secret";
    this.#pair(secret ? plain(real) : real, secret ? plain(masked) : masked);
  }

  #pair(real: unknown, masked: unknown): void {
    if (typeof real === "string" && typeof masked === "string") {
      if (real !== masked) this.#masked.set(real, masked);
    } else if (Array.isArray(real) && Array.isArray(masked)) {
      for (const [index, item] of real.entries()) this.#pair(item, masked[index]);
    } else if (isFields(real) && isFields(masked)) {
      for (const [key, value] of Object.entries(real)) this.#pair(value, masked[key]);
    }
  }

  text(value: string): string {
    return this.#masked.get(value) ?? value;
  }

  /** A value with every text that follows from a secret as its masked side. */
  applied<T>(value: T): T {
    if (typeof value === "string") return this.text(value) as T;
    if (Array.isArray(value)) return value.map((item: unknown) => this.applied(item)) as T;
    if (!isFields(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.applied(inner)])) as T;
  }
}

const BOOKS = ["resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"];
const COPIED = "kubectl.kubernetes.io/last-applied-configuration";

/** An object without status, the server's books, and what kubectl copies. Pure. */
export function plainObject({ status: _status, ...object }: KubeObject): KubeObject {
  const kept = Object.entries(object.metadata).filter(([name]) => !BOOKS.includes(name));
  const notes = Object.entries(object.metadata.annotations ?? {}).filter(([name]) => name !== COPIED);
  const metadata = {
    ...Object.fromEntries(kept),
    annotations: Object.fromEntries(notes),
    managedFields: owners(object),
  };
  return { ...object, metadata: metadata as unknown as KubeObject["metadata"] };
}

interface Entry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsV1?: unknown;
}

/** Who applied what of ours, and that others own something. */
function owners(object: KubeObject): readonly Entry[] {
  const entries = fieldAt(object, "metadata", "managedFields");
  return (Array.isArray(entries) ? (entries as Entry[]) : [])
    .filter(({ subresource }) => (subresource ?? "") === "")
    .map(({ manager = "", operation = "", fieldsV1 }) =>
      manager === FIELD_MANAGER ? { manager, operation, fieldsV1 } : { manager, operation },
    );
}
