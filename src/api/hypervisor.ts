import { z } from "zod";
import { metadata, type DeepReadonly } from "./metadata.ts";
import { API_VERSION } from "./names.ts";
import { hypervisorStatus } from "./status.ts";

export const HYPERVISOR_KIND = "Hypervisor";
export const HYPERVISOR_PLURAL = "hypervisors";

/** One compute node as an operator sees it: namespaced, named after its node. */
export const hypervisorSchema = z.object({
  apiVersion: z.literal(API_VERSION),
  kind: z.literal(HYPERVISOR_KIND),
  metadata,
  spec: z.object({}).prefault({}).describe("What the node should be: nothing to set yet."),
  status: hypervisorStatus.optional(),
});

export type Hypervisor = DeepReadonly<z.output<typeof hypervisorSchema>>;
export type HypervisorStatus = DeepReadonly<z.output<typeof hypervisorStatus>>;

/** Reads a Hypervisor that an API server gave back; unknown fields are dropped. Throws ZodError when it is no Hypervisor. */
export function readHypervisor(value: unknown): Hypervisor {
  return hypervisorSchema.parse(value);
}
