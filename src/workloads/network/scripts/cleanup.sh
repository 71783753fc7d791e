#!/bin/sh
# Takes from a node what the Cloud's pods left on it. Runs in the host's process and network namespaces after they are
# gone, and may be repeated: guests first, then their namespaces, the switch's devices, and what was stored.
set -u
# Only guests that nova started from this node's state folder, and the metadata proxies of OVN's namespaces.
for process in /proc/[0-9]*; do
  case "$(tr '\0' ' ' <"$process/cmdline" 2>/dev/null)" in
    *qemu-system-*"guest=instance-"*) kill -9 "${process#/proc/}" ;;
  esac
done
for namespace in /run/netns/ovnmeta-*; do
  [ -e "$namespace" ] || continue
  ip netns delete "${namespace#/run/netns/}"
done
while read -r _ bridge _; do ip link delete "$bridge" 2>/dev/null; done </etc/underpin/ovs/bridges
# nova's and OVN's names: `tap` and eleven characters of an id.
DEVICES='tap????????-?? br-int ovs-netdev ovs-system genev_sys_6081'
for device in $(cd /sys/class/net && ls -d $DEVICES 2>/dev/null); do ip link delete "$device"; done
[ ! -d /sys/module/openvswitch ] || ovs-dpctl del-dp ovs-system 2>/dev/null
rm -rf /host/run/openvswitch/* /host/run/libvirt/*
# The disks of guests are data: they go when the Cloud's deletionPolicy is Delete.
[ "$DELETION_POLICY" != Delete ] || rm -rf /host/state/openvswitch /host/state/libvirt /host/state/libvirt-etc /host/state/nova
# What is still there is told, and the Job fails: it is run again.
left=$(
  cd /sys/class/net && ls -d $DEVICES 2>/dev/null
  while read -r _ bridge _; do ls -d "$bridge" 2>/dev/null; done </etc/underpin/ovs/bridges
  ls -d /run/netns/ovnmeta-* 2>/dev/null
  [ "$DELETION_POLICY" != Delete ] || ls -d /host/state/openvswitch /host/state/libvirt /host/state/libvirt-etc /host/state/nova 2>/dev/null
)
if [ -n "$left" ]; then
  echo "still there:" $left >&2
  exit 1
fi
echo "clean"
