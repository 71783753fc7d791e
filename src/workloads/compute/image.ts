/** libvirt's daemon with its QEMU driver, QEMU for x86, and what plugs a guest into Open vSwitch. */

/**
 * Guests must outlive the pod that started them. When a pod goes, everything in its control groups is killed, so QEMU
 * first moves itself into a group of its own, in every hierarchy: each of them on version 1 (a cpuset must be filled
 * before), the one of version 2. `echo 0` means the writing process. The real binary stays in /usr/bin, since QEMU finds
 * its firmware relative to itself.
 */
const wrapper = `#!/bin/sh
leave() { # moves this process into the group underpin-guests of the hierarchy $1
  group=$1/underpin-guests
  if [ ! -d "$group" ]; then
    mkdir "$group" 2>/dev/null || [ -d "$group" ] || return 1
  fi
  for file in cpuset.cpus cpuset.mems; do
    if [ -f "$1/$file" ] && [ -f "$group/$file" ] && [ -z "$(cat "$group/$file")" ]; then cat "$1/$file" > "$group/$file" || return 1; fi
  done
  echo 0 > "$group/cgroup.procs"
}
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  set -- /sys/fs/cgroup -- "$@"
else
  set -- $(for tree in /sys/fs/cgroup/*; do [ -L "$tree" ] || [ ! -e "$tree/cgroup.procs" ] || echo "$tree"; done) -- "$@"
fi
while [ "$1" != -- ]; do
  leave "$1" || echo "underpin: this guest stays in the pod's group of $1 and dies with the pod" >&2
  shift
done
shift
exec /usr/bin/qemu-system-x86_64.real "$@"
`;

const qemuConf = `# Guests run as root inside of what the pod is allowed; the kubelet's groups must not hold them.
security_driver = "none"
user = "root"
group = "root"
cgroup_controllers = []
namespaces = []
remember_owner = 0
# No virtlogd: a log of a guest must not need a further daemon to live.
stdio_handler = "file"
`;

const libvirtdConf = `# The socket's folder is what protects it: only root of the node reaches it.
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_group = "root"
unix_sock_ro_perms = "0777"
unix_sock_rw_perms = "0770"
`;

export const image = {
  name: "libvirt",
  packages: [
    "iproute2",
    "libvirt-clients",
    "libvirt-daemon",
    "libvirt-daemon-driver-interface",
    "libvirt-daemon-driver-nodedev",
    "libvirt-daemon-driver-nwfilter",
    "libvirt-daemon-driver-qemu",
    "libvirt-daemon-driver-secret",
    "libvirt-daemon-driver-storage",
    "openvswitch-switch",
    "procps",
    "qemu-system-x86",
    "tini",
  ],
  files: [
    { path: "/usr/local/share/underpin/qemu-system-x86_64", content: wrapper, mode: "0755" },
    { path: "/etc/libvirt/qemu.conf", content: qemuConf },
    { path: "/etc/libvirt/libvirtd.conf", content: libvirtdConf },
  ],
  // Other machines than a PC, and names of hardware for people.
  removals: [
    "/usr/bin/qemu-system-i386",
    "/usr/bin/qemu-system-x86_64-microvm",
    "/usr/lib/udev/hwdb.bin",
    "/usr/lib/udev/hwdb.d",
  ],
  commands: [
    "mv /usr/bin/qemu-system-x86_64 /usr/bin/qemu-system-x86_64.real",
    "mv /usr/local/share/underpin/qemu-system-x86_64 /usr/bin/qemu-system-x86_64",
    "rmdir /usr/local/share/underpin",
    "rm -rf /var/lib/libvirt/* /etc/libvirt/qemu/* /etc/libvirt/secrets /etc/libvirt/storage",
    "/usr/bin/qemu-system-x86_64.real -version && libvirtd --version && virsh --version && command -v ovs-vsctl",
  ],
};
