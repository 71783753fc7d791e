import { z } from "zod";

const int32 = z.int().min(0).max(2147483647);
const generation = z.int().min(0).max(Number.MAX_SAFE_INTEGER);

const condition = z.object({
  type: z.string().max(316).describe("What is judged."),
  status: z.enum(["True", "False", "Unknown"]).describe("Whether it holds."),
  observedGeneration: generation.optional().describe("Generation of the spec that it was judged for."),
  lastTransitionTime: z.string().max(40).describe("When the status changed last."),
  reason: z.string().max(1024).describe("One word for programs."),
  message: z.string().max(32768).describe("Plain words for people."),
});

export const conditions = z
  .array(condition)
  .max(32)
  .optional()
  .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"] });

const service = z.object({
  name: z.string().max(63).describe("Name of the workload."),
  ready: z.boolean().describe("Whether it works."),
  release: z.string().max(16).optional().describe("Release that runs."),
  endpoint: z.string().max(512).optional().describe("URL of its API."),
  reason: z.string().max(1024).optional().describe("One word for programs."),
  message: z.string().max(4096).optional().describe("What is wrong, in plain words."),
  since: z.string().max(40).optional().describe("Since when."),
  next: z.string().max(1024).optional().describe("The command that shows more or cures it."),
});

export const cloudStatus = z
  .object({
    observedGeneration: generation.optional().describe("Generation of the spec that this status is about."),
    operatorVersion: z.string().max(64).optional().describe("Version of the operator that wrote it."),
    phase: z
      .string()
      .max(32)
      .optional()
      .describe("Installing, Ready, Planned, Changing, Degraded, Stalled, Paused or Deleting."),
    ready: z.string().max(16).optional().describe("Workloads that are ready, of all: 11/11."),
    release: z
      .object({
        current: z.string().max(16).optional().describe("Release that runs."),
        target: z.string().max(16).optional().describe("Release that it is going to."),
      })
      .optional()
      .describe("OpenStack release."),
    conditions: conditions.describe("Ready, Reconciling, Stalled, Degraded, Paused, Drifted, Admission."),
    services: z
      .array(service)
      .max(64)
      .optional()
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
      .describe("Each workload of the cloud."),
    endpoints: z.record(z.string().max(63), z.string().max(512)).optional().describe("URL of each API."),
    credentials: z
      .object({
        adminSecretRef: z
          .object({ name: z.string().max(253).describe("Name of the Secret.") })
          .optional()
          .describe("Administrator's credentials."),
      })
      .optional()
      .describe("Where credentials are."),
    inventoryRef: z
      .object({ name: z.string().max(253).describe("Name of the ConfigMap.") })
      .optional()
      .describe("List of everything that belongs to the Cloud."),
    planRef: z
      .object({ name: z.string().max(253).describe("Name of the Plan.") })
      .optional()
      .describe("Plan of the last change."),
  })
  .describe("What the cloud is, written by the operator.");

export const hypervisorStatus = z
  .object({
    node: z.string().max(253).optional().describe("Node that it is about."),
    pool: z.string().max(63).optional().describe("Compute pool of the node."),
    virtualization: z.enum(["KVM", "QEMU"]).optional().describe("How guests are run: by hardware, or emulated."),
    guests: int32.optional().describe("Guests on the node."),
    state: z.string().max(32).optional().describe("Up, Down or Unknown."),
    conditions: conditions.describe("Ready."),
    observedGeneration: generation.optional().describe("Generation of the spec that this status is about."),
  })
  .describe("What the node is, written by the operator.");
