import { z } from "zod";
import { dnsLabel, keyReference, MAX_NAME, placement, resources } from "./fields.ts";

/** More replicas than any profile uses; what is above is a slip of the finger. */
export const MAX_REPLICAS = 15;

const optionValue = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.array(z.union([z.string(), z.number(), z.boolean()])),
  z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
]);

/** Options of oslo.config by group; the groups and options are the service's own. */
export const options = z.record(z.string().min(1).max(253), z.record(z.string().min(1).max(253), optionValue));

export type OptionValue = z.output<typeof optionValue>;
export type Options = Readonly<Record<string, Readonly<Record<string, OptionValue>>>>;

const replicas = z.int().min(1).max(MAX_REPLICAS);

const component = z.object({
  name: dnsLabel(MAX_NAME).describe("Name of the component, for example scheduler."),
  options: options.prefault({}).describe("Options of this component alone, by group; they win over the service's."),
  replicas: replicas.optional().describe("Pods of this component. Without it the service's."),
  resources: resources.optional(),
});

const secretOption = z.object({
  group: z.string().min(1).max(253).describe("Group of the option, for example DEFAULT."),
  option: z.string().min(1).max(253).describe("Name of the option."),
  secretRef: keyReference.describe("Where the value is."),
});

const file = z.object({
  path: z.string().min(1).max(512).describe("Absolute path in the service's containers."),
  configMapRef: keyReference.optional().describe("The content, when it is no secret."),
  secretRef: keyReference.optional().describe("The content, when it is a secret."),
});

/** The shape that every service of the Cloud has; a service's own fields are added to it. */
export function serviceSchema(own: z.ZodRawShape, enabled: boolean) {
  return z.object({
    ...own,
    enabled: z.boolean().default(enabled).describe("Whether the service runs."),
    replicas: replicas
      .optional()
      .describe("Pods of each component that can have several. Without it the profile decides."),
    resources: resources.optional(),
    placement: placement.optional().describe("Where this service's pods run; what is not set is the Cloud's."),
    options: options
      .prefault({})
      .describe("Options of the service's configuration by group, for example {DEFAULT: {debug: true}}."),
    uncheckedOptions: options
      .prefault({})
      .describe("Options that are written as they are, without any check: for drivers that the release does not know."),
    secretOptions: z
      .array(secretOption)
      .max(64)
      .default([])
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["group", "option"] })
      .describe("Options whose values are in Secrets."),
    policy: z
      .record(z.string().min(1).max(253), z.string().max(4096))
      .default({})
      .describe("Rules of the service's API policy that differ from its defaults."),
    files: z
      .array(file)
      .max(32)
      .default([])
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["path"] })
      .describe("Files that are added to the service's containers."),
    components: z
      .array(component)
      .max(16)
      .default([])
      .meta({ "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"] })
      .describe("What differs for one of the service's components."),
  });
}

/** A service as builders see it: static defaults are filled in; `resolveService` fills what the profile decides. */
export type ServiceSpec = z.output<ReturnType<typeof serviceSchema>>;
