import type { DynamicGroups } from "../../oslo/catalogue.ts";

/** What the options of a service are made of: its own generator's list of namespaces, and what its processes register besides. */
export interface ServiceOptions {
  /** Distributions whose `oslo.config.opts.defaults` hooks change defaults for this service. */
  readonly distributions: readonly string[];
  /** The service's own first: where two define an option, the first's words count. */
  readonly namespaces: readonly string[];
  /** Our names of its components, as a Cloud has them. */
  readonly components: readonly string[];
  readonly dynamic: readonly DynamicGroups[];
  /** Namespaces of programs that no Cloud runs. */
  readonly notRun?: readonly string[];
  /** Packages from which a component's configuration may choose what it loads, by component. */
  readonly loadable?: Readonly<Record<string, readonly string[]>>;
}

/** Libraries that every service uses. */
const EVERY = ["oslo.config", "oslo.concurrency", "oslo.log", "oslo.policy", "oslo.reports", "osprofiler"];
const DATABASE = ["oslo.db"];
const MIDDLEWARE = [
  "oslo.middleware",
  "oslo.middleware.basic_auth",
  "oslo.middleware.cors",
  "oslo.middleware.healthcheck",
  "oslo.middleware.http_proxy_to_wsgi",
  "oslo.middleware.sizelimit",
];
const TOKEN = ["keystonemiddleware.audit", "keystonemiddleware.auth_token", "oslo.limit"];
const DAEMON = [
  "cotyledon",
  "oslo.messaging",
  "oslo.service.backend",
  "oslo.service.periodic_task",
  "oslo.service.service",
  "oslo.service.sslutils",
  "oslo.service.wsgi",
  "oslo.versionedobjects",
];
const PRIVILEGED = ["oslo.privsep", "os_brick", "os_brick.lightos"];

/** `[keystone_authtoken] auth_section` names the group in which the service's own credentials stand. */
const AUTH_SECTION: DynamicGroups = {
  listedIn: { group: "keystone_authtoken", name: "auth_section" },
  like: "keystone_authtoken",
};

/** `[DEFAULT] config_source` names groups that say where further values come from; which options each has, its driver decides. */
const CONFIG_SOURCES: readonly DynamicGroups[] = ["sample_castellan_source", "sample_remote_file_source"].map(
  (like) => ({
    listedIn: { group: "DEFAULT", name: "config_source" },
    like,
  }),
);

const EVERYWHERE: readonly DynamicGroups[] = [...CONFIG_SOURCES, AUTH_SECTION];

/** The services of an image. A namespace that is not installed there is passed over. */
export const SERVICES: Readonly<Record<string, ServiceOptions>> = {
  cinder: {
    distributions: ["cinder", "os-brick", "os_brick"],
    namespaces: [
      "cinder",
      "taskflow.engines",
      "castellan.config",
      "os_win",
      ...EVERY,
      ...DATABASE,
      ...MIDDLEWARE,
      ...TOKEN,
      ...DAEMON,
      ...PRIVILEGED,
      "oslo.cache",
    ],
    components: ["api", "backup", "scheduler", "volume"],
    dynamic: [
      { listedIn: { group: "DEFAULT", name: "enabled_backends" }, like: "backend_defaults" },
      { listedIn: { group: "fc-zone-manager", name: "fc_fabric_names" }, like: "BRCD_FABRIC_EXAMPLE" },
      { listedIn: { group: "fc-zone-manager", name: "fc_fabric_names" }, like: "CISCO_FABRIC_EXAMPLE" },
      ...EVERYWHERE,
    ],
    notRun: ["os_win"],
  },
  glance: {
    distributions: ["glance", "os-brick", "os_brick"],
    namespaces: [
      "glance.api",
      "glance.store",
      "glance.multi_store",
      "glance",
      "glance.cache",
      "glance.manage",
      "glance.scrubber",
      "castellan.config",
      ...EVERY,
      ...DATABASE,
      ...MIDDLEWARE,
      ...TOKEN,
      "oslo.messaging",
      ...PRIVILEGED,
    ],
    components: ["api"],
    dynamic: [{ listedIn: { group: "DEFAULT", name: "enabled_backends" }, like: "{name}" }, ...EVERYWHERE],
  },
  keystone: {
    distributions: ["keystone"],
    namespaces: ["keystone", ...EVERY, ...DATABASE, ...MIDDLEWARE, "oslo.cache", "oslo.messaging"],
    components: ["api"],
    // A method that is a protocol of federation has a group.
    dynamic: [{ listedIn: { group: "auth", name: "methods" }, like: "{name}" }, ...CONFIG_SOURCES],
  },
  neutron: {
    distributions: ["neutron"],
    namespaces: [
      "neutron",
      "neutron.agent",
      "neutron.base.agent",
      "neutron.db",
      "neutron.extensions",
      "neutron.ml2",
      "neutron.ml2.ovn",
      "neutron.ovn.metadata.agent",
      "neutron.ml2.ovn.agent",
      "neutron.az.agent",
      "neutron.experimental",
      "neutron.dhcp.agent",
      "neutron.l3.agent",
      "neutron.metadata.agent",
      "neutron.metering.agent",
      "neutron.ml2.macvtap.agent",
      "neutron.ml2.ovs.agent",
      "neutron.ml2.sriov.agent",
      "nova.auth",
      "placement.auth",
      "ironic.auth",
      "designate.auth",
      ...EVERY,
      ...DATABASE,
      ...MIDDLEWARE,
      ...TOKEN,
      ...DAEMON,
      "oslo.privsep",
      "oslo.cache",
    ],
    components: ["api", "maintenance", "ovn-metadata-agent", "periodic"],
    dynamic: EVERYWHERE,
    notRun: [
      "neutron.dhcp.agent",
      "neutron.l3.agent",
      "neutron.metadata.agent",
      "neutron.metering.agent",
      "neutron.ml2.macvtap.agent",
      "neutron.ml2.ovn.agent",
      "neutron.ml2.ovs.agent",
      "neutron.ml2.sriov.agent",
    ],
    loadable: Object.fromEntries(
      ["api", "maintenance", "periodic"].map((component) => [
        component,
        ["neutron.plugins", "neutron.services", "neutron.quota", "neutron.scheduler", "neutron.db"],
      ]),
    ),
  },
  nova: {
    distributions: ["nova", "os-brick", "os_brick"],
    namespaces: [
      "nova.conf",
      "os_vif",
      "os_win",
      "castellan.config",
      ...EVERY,
      ...DATABASE,
      ...MIDDLEWARE,
      ...TOKEN,
      ...DAEMON,
      ...PRIVILEGED,
      "oslo.cache",
    ],
    components: ["api", "compute", "conductor", "metadata", "novncproxy", "scheduler"],
    dynamic: [
      { listedIn: { group: "devices", name: "enabled_mdev_types" }, like: "mdev_{name}", prefix: "mdev_" },
      { listedIn: { group: "neutron", name: "physnets" }, like: "neutron_physnet_{name}", prefix: "neutron_physnet_" },
      ...EVERYWHERE,
    ],
    notRun: ["os_win"],
    loadable: {
      compute: [
        "nova.virt",
        "nova.compute",
        "nova.volume",
        "os_brick",
        "os_vif",
        "vif_plug_ovs",
        "vif_plug_linux_bridge",
      ],
      novncproxy: ["nova.console"],
      scheduler: ["nova.scheduler"],
    },
  },
  placement: {
    distributions: ["openstack-placement", "openstack_placement"],
    namespaces: ["placement.conf", ...EVERY, ...MIDDLEWARE, ...TOKEN],
    components: ["api"],
    dynamic: EVERYWHERE,
  },
};

/** Namespaces that are installed and that nothing runs, each with its reason. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  "castellan.tests.functional.config": "of a test, which images do not hold",
};
