import { z } from "zod";

/** Longest names that leave room for what is derived from them: `<namespace>.<name>` is a label value, `nova-compute-<pool>-<hash>` an object's name; each fits in 63. */
export const MAX_CLOUD_NAME = 30;
export const MAX_NAMESPACE = 32;
export const MAX_NAME = 32;

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** A name that may become part of object names: a DNS label of at most `max` characters. */
export function dnsLabel(max: number): z.ZodString {
  return z.string().min(1).max(max).regex(DNS_LABEL, "must be lower-case letters, digits and '-', like std-1");
}

/** Name of another object in the same namespace. */
export const objectName = z.string().min(1).max(253);
/** One key of a Secret or ConfigMap. */
export const dataKey = z.string().min(1).max(253);

export const nameReference = z.object({ name: objectName.describe("Name of the object, in the Cloud's namespace.") });

export const keyReference = z.object({
  name: objectName.describe("Name of the object, in the Cloud's namespace."),
  key: dataKey.describe("Key in the object's data."),
});

/** An amount as Kubernetes writes it. */
export const quantity = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[0-9]+(\.[0-9]+)?([eE][0-9]+|m|[kMGTPE]|[KMGTPE]i)?$/, "must be an amount like 500m, 2, 512Mi or 20Gi");

const amounts = z.record(z.string().min(1).max(253), quantity);

export const resources = z
  .object({
    requests: amounts.optional().describe("What the scheduler sets aside, for example {cpu: 500m, memory: 512Mi}."),
    limits: amounts.optional().describe("What the container may use at most."),
  })
  .describe("Processor and memory of each container of the workload. Without it the profile decides.");

export const storage = z.object({
  size: quantity.optional().describe("Size of the volume, for example 20Gi. Without it the profile decides."),
  className: objectName.optional().describe("StorageClass of the volume. Without it the cluster's default is used."),
});

const toleration = z.object({
  key: z.string().max(317).optional().describe("Key of the taint; without it every taint matches."),
  operator: z.enum(["Exists", "Equal"]).optional().describe("How the value is compared. Default: Equal."),
  value: z.string().max(63).optional().describe("Value of the taint."),
  effect: z
    .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
    .optional()
    .describe("Effect of the taint; without it all."),
  tolerationSeconds: z.int().min(0).max(2147483647).optional().describe("Seconds a NoExecute taint is tolerated."),
});

export const nodeSelector = z.record(z.string().min(1).max(317), z.string().max(63));

export const placement = z.object({
  nodeSelector: nodeSelector.optional().describe("Labels that a node must have."),
  tolerations: z.array(toleration).max(32).optional().describe("Taints that are tolerated."),
  topologySpread: z
    .enum(["Zone", "Node", "None"])
    .optional()
    .describe("What replicas are spread over. Without it the Cloud's, and there: Zone."),
  priorityClassName: z.string().max(253).optional().describe("PriorityClass of the pods."),
});

/** A range of addresses: `10.91.0.0/24`. The exact form is judged by a rule, with a message of its own. */
export const cidr = z.string().min(3).max(43);
export const address = z.string().min(2).max(39);

/** Hash of a plan. Whole: a part of one would approve whatever begins with it. */
export const planHash = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be the whole hash of a plan: 64 hexadecimal digits")
  .max(64);
