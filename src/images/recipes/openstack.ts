/** All OpenStack services and the client of release 2025.1 in one Python environment: one layer that all pods share. */
const services = { keystone: 42425, glance: 42415, placement: 42482, nova: 42436, neutron: 42435 };

export const image = {
  name: "openstack",
  users: Object.entries(services).map(([name, id]) => ({ name, id, home: `/var/lib/${name}` })),
  venv: {
    release: "2025.1",
    path: "/opt/openstack",
    buildPackages: ["gcc", "libc6-dev", "libvirt-dev", "pkg-config", "python3-dev"],
  },
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
    ...Object.entries(services).flatMap(([name, id]) => [
      `mkdir -p /etc/${name}/conf.d /var/lib/${name}`,
      `chown ${id}:${id} /var/lib/${name}`,
      // Paste files and rootwrap filters, where each service looks for them; never a configuration, which it would read too.
      `for file in /opt/openstack/etc/${name}/*.ini /opt/openstack/etc/${name}/rootwrap.*; do [ ! -e "$file" ] || ln -s "$file" /etc/${name}/; done`,
    ]),
    "install -d -o 42436 -g 42436 /var/lib/nova/instances",
    "install -d -o 42415 -g 42415 /var/lib/glance/images",
    // Fails here, rather than in a pod, when something that was stripped is needed.
    `for module in keystone.wsgi.api glance.common.wsgi_app placement.wsgi nova.virt.libvirt.driver neutron.plugins.ml2.plugin openstackclient.shell granian libvirt ovs.db.idl pymysql memcache pymemcache; do /opt/openstack/bin/python -c "import importlib.util as u, sys; sys.exit(u.find_spec('$module') is None)"; done`,
    "/opt/openstack/bin/python -c 'import libvirt, ovs.db.idl, pymysql, granian'",
  ],
  env: {
    PATH: "/opt/openstack/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    // eventlet's own resolver asks short names upstream too, and a slow upstream costs seconds in every process.
    EVENTLET_NO_GREENDNS: "yes",
    PYTHONUNBUFFERED: "1",
    PYTHONDONTWRITEBYTECODE: "1",
  },
};
