import { z } from "zod";
import type { Cloud, ServiceSpec } from "./cloud.ts";
import { serviceSchema } from "./service.ts";

export type Profile = "Minimal" | "Standard" | "Large";

export interface ProfileDefaults {
  /** Pods of a stateless component. */
  readonly replicas: number;
  /** Members of what keeps a quorum. */
  readonly quorum: number;
  /** Worker processes of an API pod or RPC server. */
  readonly workers: number;
  /** Threads of an API worker. */
  readonly threads: number;
  /** Replicas of single services that differ from `replicas`. */
  readonly services: Readonly<Record<string, { readonly replicas: number }>>;
  /** Size of the managed database's volume. */
  readonly databaseStorage: string;
  /** Size of the managed message bus's volume. */
  readonly messagingStorage: string;
}

const PROFILES: Readonly<Record<Profile, ProfileDefaults>> = {
  Minimal: {
    replicas: 1,
    quorum: 1,
    workers: 1,
    threads: 2,
    services: {},
    databaseStorage: "10Gi",
    messagingStorage: "1Gi",
  },
  Standard: {
    replicas: 2,
    quorum: 3,
    workers: 2,
    threads: 2,
    services: { keystone: { replicas: 3 } },
    databaseStorage: "50Gi",
    messagingStorage: "5Gi",
  },
  Large: {
    replicas: 3,
    quorum: 3,
    workers: 4,
    threads: 2,
    services: { keystone: { replicas: 5 }, placement: { replicas: 5 } },
    databaseStorage: "200Gi",
    messagingStorage: "20Gi",
  },
};

/** What a profile decides, as data. */
export function profileDefaults(profile: Profile): ProfileDefaults {
  return PROFILES[profile];
}

/** A service with everything decided: what the Cloud says, else what its profile says. */
export type ResolvedService = Omit<ServiceSpec, "replicas"> & { readonly replicas: number };

/** The service `name` of the Cloud with the profile's values filled in. Names that are no service (gateway, memcached, …) get the profile's values alone. */
export function resolveService(cloud: Cloud, name: string): ResolvedService {
  const spec = cloud.spec.services[name] ?? serviceSchema({}, true).parse({});
  const defaults = profileDefaults(cloud.spec.profile);
  return {
    ...spec,
    replicas: spec.replicas ?? defaults.services[name]?.replicas ?? defaults.replicas,
    placement: { ...cloud.spec.placement, ...spec.placement },
  };
}

/** Options of one component of a service: the service's, with the component's own on top. */
export function componentOptions(
  service: Pick<ServiceSpec, "options" | "components">,
  component: string,
): ServiceSpec["options"] {
  const own = service.components.find((one) => one.name === component)?.options ?? {};
  const groups = new Set([...Object.keys(service.options), ...Object.keys(own)]);
  return Object.fromEntries([...groups].map((group) => [group, { ...service.options[group], ...own[group] }]));
}

/** A service's own fields, typed: `ownFields(cloud, "glance", fields)` with `fields` of its `spec.ts`. */
export function ownFields<T extends z.ZodRawShape>(cloud: Cloud, name: string, fields: T): z.output<z.ZodObject<T>> {
  return z.object(fields).parse(cloud.spec.services[name] ?? {});
}

/** Volume of the managed database or message bus: what the Cloud says, else what its profile says. */
export function resolveStorage(
  cloud: Cloud,
  of: "database" | "messaging",
): { readonly size: string; readonly className?: string } {
  const { size, className } = cloud.spec[of].managed.storage;
  const defaults = profileDefaults(cloud.spec.profile);
  return {
    size: size ?? (of === "database" ? defaults.databaseStorage : defaults.messagingStorage),
    ...(className === undefined ? {} : { className }),
  };
}
