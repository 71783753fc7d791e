/** Build packages of OpenStack's Python environments. */
const BUILD_PACKAGES = ["gcc", "libc6-dev", "libvirt-dev", "pkg-config", "python3-dev"];

const PATH = "/opt/openstack/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

const ENV = {
  PATH,
  // eventlet's own resolver asks short names upstream too, and a slow upstream costs seconds in every process.
  EVENTLET_NO_GREENDNS: "yes",
  PYTHONUNBUFFERED: "1",
  PYTHONDONTWRITEBYTECODE: "1",
};

/** An environment of Python with services of OpenStack, each with its user, home and configuration folder, as a recipe. Pure. */
export function openstackEnvironment(
  name: string,
  options: {
    readonly release: string;
    readonly lock?: string;
    /** Numbers of the services' users. */
    readonly services: Readonly<Record<string, number>>;
    readonly packages: readonly string[];
    /** Run last, in the finished tree. */
    readonly commands: readonly string[];
  },
) {
  const services = Object.entries(options.services);
  return {
    name,
    users: services.map(([service, id]) => ({ name: service, id, home: `/var/lib/${service}` })),
    venv: {
      release: options.release,
      ...(options.lock === undefined ? {} : { lock: options.lock }),
      path: "/opt/openstack",
      buildPackages: BUILD_PACKAGES,
    },
    packages: [...options.packages],
    commands: [...services.flatMap(([service, id]) => serviceCommands(service, id)), ...options.commands],
    env: ENV,
  };
}

function serviceCommands(service: string, id: number): string[] {
  return [
    `mkdir -p /etc/${service}/conf.d /var/lib/${service}`,
    `chown ${id}:${id} /var/lib/${service}`,
    // Paste files and rootwrap filters, where each service looks for them; never a configuration, which it would read too.
    `for file in /opt/openstack/etc/${service}/*.ini /opt/openstack/etc/${service}/rootwrap.*; do [ ! -e "$file" ] || ln -s "$file" /etc/${service}/; done`,
  ];
}

/** What the services that clouds run need beside their environment, whatever the release. */
export function openstackServices(release: string, name: string) {
  return openstackEnvironment(name, {
    release,
    services: { keystone: 42425, glance: 42415, placement: 42482, nova: 42436, neutron: 42435 },
    packages: [
      "ca-certificates",
      "netbase",
      "openssl",
      "python3",
      // nova-compute: libvirt-python's library, and qemu-img
      "libvirt0",
      "qemu-utils",
      // the OVN metadata agent: a proxy and addresses in a namespace for each network, and ovsdb-client
      "haproxy",
      "iproute2",
      "iptables",
      "openvswitch-common",
      // nova-compute asks `uptime`
      "procps",
    ],
    commands: [
      "install -d -o 42436 -g 42436 /var/lib/nova/instances",
      "install -d -o 42415 -g 42415 /var/lib/glance/images",
      // Fails here, rather than in a pod, when something that was stripped is needed.
      `for module in keystone.wsgi.api glance.common.wsgi_app placement.wsgi nova.virt.libvirt.driver neutron.plugins.ml2.plugin openstackclient.shell granian libvirt ovs.db.idl pymysql memcache pymemcache; do /opt/openstack/bin/python -c "import importlib.util as u, sys; sys.exit(u.find_spec('$module') is None)"; done`,
      "/opt/openstack/bin/python -c 'import libvirt, ovs.db.idl, pymysql, granian'",
    ],
  });
}

/** Block storage, which no cloud runs yet: its image is there to read its options from. */
export function cinderService(release: string) {
  return {
    ...openstackEnvironment(`cinder-${release.replace(".", "-")}`, {
      release,
      lock: "lock-cinder.txt",
      services: { cinder: 42407 },
      packages: ["ca-certificates", "python3"],
      commands: ["/opt/openstack/bin/python -c 'import cinder.opts, pymysql'"],
    }),
    onDemand: true as const,
  };
}
