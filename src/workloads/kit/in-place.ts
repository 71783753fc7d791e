// Options that a running process takes: oslo.config's word that they are mutable is not enough, their use decides.

/** An option that the release marks mutable. */
export interface MutableOption {
  /** `group.name`. */
  readonly option: string;
  /** Why its use follows a change; or why a change has to start the process anew. */
  readonly why: string;
  /** What a test sees in a running process: that it acts otherwise, or that its next use finds the new value. */
  readonly seen?: "effect" | "value";
}

const EVERY_SERVICE: readonly MutableOption[] = [
  {
    option: "DEFAULT.debug",
    why: "the level of the log is set at once, and asked for each line",
    seen: "effect",
  },
];

/** Options whose change is in effect in the running process, by service: read when they are used. */
const IN_PLACE: Readonly<Record<string, readonly MutableOption[]>> = {
  keystone: EVERY_SERVICE,
  glance: EVERY_SERVICE,
  placement: EVERY_SERVICE,
  neutron: EVERY_SERVICE,
  nova: [
    ...EVERY_SERVICE,
    {
      option: "compute.resource_provider_association_refresh",
      why: "read each time that a provider is looked at (nova/scheduler/client/report.py)",
      seen: "value",
    },
    {
      option: "libvirt.live_migration_completion_timeout",
      why: "read twice a second while a guest moves (nova/virt/libvirt/driver.py)",
      seen: "value",
    },
    {
      option: "libvirt.live_migration_timeout_action",
      why: "read when a guest's move takes too long (nova/virt/libvirt/driver.py)",
      seen: "value",
    },
  ],
};

/** Options that are marked mutable and roll nevertheless. */
export const ROLLED: readonly MutableOption[] = [
  {
    option: "DEFAULT.log_config_append",
    why: "taken away it changes nothing in a running process, and a file that cannot be read would end the process",
  },
  { option: "ironic.conductor_group", why: "read once, when nova-compute starts (nova/virt/ironic/driver.py)" },
];

/** Options of `service` whose change a running process follows, by `group.name`. */
export function inPlace(service: string): ReadonlyMap<string, MutableOption> {
  return new Map((IN_PLACE[service] ?? []).map((option) => [option.option, option]));
}
