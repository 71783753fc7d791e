// Which service and component a configuration file belongs to, by its name as other tools give it.

/** Whose configuration a file is. */
export interface FileOwner {
  readonly service: string;
  /** Absent: every component's. */
  readonly component?: string;
}

/** Other tools' names of components. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  // DevStack's file of nova-compute.
  cpu: "compute",
  "metadata-agent": "ovn-metadata-agent",
};

/**
 * The service of a file by its name (`nova.conf`, `glance-api.conf`, DevStack's `nova-cpu.conf`) or, for names like
 * `ml2_conf.ini`, by its folders (`/etc/neutron/plugins/ml2`, kolla's `/etc/kolla/nova-compute`). Undefined: no telling.
 */
export function ownerOf(
  path: string,
  services: Readonly<Record<string, readonly string[]>>,
  given?: string,
): FileOwner | undefined {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const base = (parts.pop() ?? "").replace(/\.(conf|ini|cfg|txt)$/, "");
  // The name says more than its folder, and an inner folder more than an outer one.
  const names = [base, ...parts.toReversed()].map((name) => name.replaceAll("_", "-"));
  const service = given ?? names.map((name) => serviceIn(name, services)).find((name) => name !== undefined);
  if (service === undefined) return undefined;
  const components = services[service] ?? [];
  // A service with one component needs no telling them apart.
  if (components.length < 2) return { service };
  const component = names.map((name) => componentIn(name, service, components)).find((name) => name !== undefined);
  return component === undefined ? { service } : { service, component };
}

function serviceIn(name: string, services: Readonly<Record<string, readonly string[]>>): string | undefined {
  return Object.keys(services).find((service) => name === service || name.startsWith(`${service}-`));
}

function componentIn(name: string, service: string, components: readonly string[]): string | undefined {
  if (!name.startsWith(`${service}-`)) return undefined;
  const rest = name.slice(service.length + 1);
  const own = OTHER_NAMES[rest] ?? rest;
  return components.includes(own) ? own : undefined;
}
