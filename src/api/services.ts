import { existsSync, readdirSync } from "node:fs";
import { z } from "zod";
import { serviceSchema, type ServiceSpec } from "./service.ts";

/** What a workload's `spec.ts` exports. A folder with one is a service of the Cloud. */
interface SpecModule {
  readonly fields: z.ZodRawShape;
  /** Whether a Cloud that does not mention the service has it; default true. */
  readonly enabledByDefault?: boolean;
  /** Whether there is no Cloud without it; default false. */
  readonly required?: boolean;
  /** Services that it cannot work without. */
  readonly needs?: readonly string[];
}

const WORKLOADS = new URL("../workloads/", import.meta.url);

/** The services that there are, in order of name: adding one is adding a folder. */
export const SERVICE_NAMES: readonly string[] = readdirSync(WORKLOADS, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(new URL(`${entry.name}/spec.ts`, WORKLOADS)))
  .map((entry) => entry.name)
  .toSorted();

const modules = await Promise.all(
  SERVICE_NAMES.map(async (name) => {
    const loaded = (await import(new URL(`${name}/spec.ts`, WORKLOADS).href)) as SpecModule;
    return [name, loaded] as const;
  }),
);

/** Raw shape of each service's own fields. */
export const SERVICE_FIELDS: Readonly<Record<string, z.ZodRawShape>> = Object.fromEntries(
  modules.map(([name, module]) => [name, module.fields]),
);

/** For each service, those that it cannot work without. */
export const SERVICE_NEEDS: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  modules.map(([name, module]) => [name, module.needs ?? []]),
);

/** Whether a Cloud that does not mention the service has it. */
export const ENABLED_BY_DEFAULT: Readonly<Record<string, boolean>> = Object.fromEntries(
  modules.map(([name, module]) => [name, module.enabledByDefault ?? true]),
);

/** Services without which there is no Cloud. */
export const REQUIRED_SERVICES: readonly string[] = modules.flatMap(([name, module]) =>
  module.required === true ? [name] : [],
);

const shape: Record<string, z.ZodType<ServiceSpec>> = Object.fromEntries(
  modules.map(([name, module]) => [
    name,
    serviceSchema(module.fields, ENABLED_BY_DEFAULT[name] === true)
      .prefault({})
      .describe(`The service ${name}.`),
  ]),
);

export const services = z.object(shape).prefault({});
