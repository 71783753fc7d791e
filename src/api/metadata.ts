import { z } from "zod";

/** The part of an object's metadata that we read; what the API server adds beyond it is dropped. */
export const metadata = z.object({
  name: z.string().min(1),
  namespace: z.string().default("default"),
  uid: z.string().default(""),
  generation: z.int().default(0),
  resourceVersion: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
  finalizers: z.array(z.string()).default([]),
  deletionTimestamp: z.string().optional(),
  creationTimestamp: z.string().optional(),
});

/** Recursively read-only. */
export type DeepReadonly<T> = T extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T;
