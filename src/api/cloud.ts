import { z } from "zod";
import { metadata, type DeepReadonly } from "./metadata.ts";
import { API_VERSION } from "./names.ts";
import type { ServiceSpec as MutableServiceSpec } from "./service.ts";
import { spec } from "./spec.ts";
import { cloudStatus } from "./status.ts";

export { KNOWN_RELEASES } from "./releases.ts";
export { SERVICE_NAMES } from "./services.ts";
export { componentOptions, ownFields, profileDefaults, resolveService, resolveStorage } from "./profile.ts";
export type { Profile, ProfileDefaults, ResolvedService } from "./profile.ts";
export type { Options, OptionValue } from "./service.ts";

export const CLOUD_KIND = "Cloud";
export const CLOUD_PLURAL = "clouds";

export const cloudSchema = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(CLOUD_KIND),
  metadata,
  spec,
  status: cloudStatus.optional(),
});

/** A Cloud with static defaults filled in. */
export type Cloud = DeepReadonly<z.output<typeof cloudSchema>>;
export type CloudSpec = Cloud["spec"];
export type CloudStatus = DeepReadonly<z.output<typeof cloudStatus>>;
export type ServiceSpec = DeepReadonly<MutableServiceSpec>;
export type ProviderNetwork = CloudSpec["network"]["provider"][number];
export type ComputePool = CloudSpec["compute"]["pools"][number];
/** A Cloud as users write it: everything with a default may be missing. */
export type CloudInput = z.input<typeof cloudSchema>;

/** What names one Cloud to the API server. */
export interface CloudRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** Reference of the Cloud with this metadata. Pure. */
export function cloudRef({ namespace, name }: { readonly namespace: string; readonly name: string }): CloudRef {
  return { apiVersion: API_VERSION, kind: CLOUD_KIND, namespace, name };
}

/** A stored Cloud that this version cannot read. */
export class CloudUnreadableError extends Error {
  readonly path: string;
  constructor(name: string, path: string, reason: string) {
    super(`Cloud ${name}: ${path}: ${reason}`);
    this.name = "CloudUnreadableError";
    this.path = path;
  }
}

/**
 * Reads a Cloud that an API server gave back: fields that this version does not know are dropped, so that a newer
 * Cloud does not break an older operator. Throws CloudUnreadableError when a known field has a wrong value.
 */
export function readCloud(value: unknown): Cloud {
  const result = cloudSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new CloudUnreadableError(nameOf(value), issue?.path.join(".") ?? "", issue?.message ?? "not readable");
}

function nameOf(value: unknown): string {
  const outer = z.object({ metadata: z.object({ name: z.string() }) }).safeParse(value);
  return outer.success ? outer.data.metadata.name : "(without a name)";
}
