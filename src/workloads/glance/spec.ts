import { z } from "zod";

/** Fields of glance beyond those of every service. */
export const fields = {
  storage: z
    .object({
      size: z
        .string()
        .regex(/^[0-9]+(Mi|Gi|Ti)$/, "must be a size like 20Gi")
        .max(32)
        .default("10Gi")
        .describe("Size of the volume, for example 20Gi."),
      className: z
        .string()
        .min(1)
        .max(253)
        .optional()
        .describe("StorageClass of the volume. Without it the cluster's default is used."),
    })
    .prefault({})
    .describe("Where the images are kept: one persistent volume."),
} satisfies z.ZodRawShape;

/** Services that it cannot work without. */
export const needs = ["keystone"];
