#!/bin/sh
# Brings the guests' interfaces up that the switch has put down. In user space it makes a new interface promiscuous by writing
# back all of its flags as it found them; when libvirt brings the interface up in between, that is lost, and the guest has no
# network. The switch's own interfaces have no iface-id; each that has one is to be up.
set -eu
ovsdb-client monitor unix:/run/openvswitch/db.sock Open_vSwitch Interface admin_state | while read -r row; do
  case $row in *down*) ;; *) continue ;; esac
  for name in $(ovs-vsctl --timeout=5 --bare --columns=name find Interface admin_state=down 'external_ids:iface-id!=""'); do
    # It may be gone again: a guest that ends takes its interface with it.
    if ip link set dev "$name" up 2>/dev/null; then echo "interface $name was down; it is up"; fi
  done
done
