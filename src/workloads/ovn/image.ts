/** OVN and Open vSwitch: databases, northd, controller and switch. What the packages generate for one host is removed. */
export const image = {
  name: "ovn",
  packages: ["iproute2", "openvswitch-switch", "ovn-central", "ovn-host"],
  // Only tools for people who debug are written in Python.
  purged: ["python3.*", "libpython3.*"],
  removals: ["/usr/lib/udev/hwdb.bin", "/usr/lib/udev/hwdb.d"],
  commands: [
    "rm -rf /etc/openvswitch/* /var/lib/openvswitch/* /var/lib/ovn/*",
    "mkdir -p /etc/openvswitch /etc/ovn /var/lib/openvswitch /var/lib/ovn",
    "ovs-vswitchd --version && ovn-northd --version && ovn-controller --version && ovsdb-server --version",
  ],
};
