#!/bin/sh
# Runs libvirtd. Guests leave this pod's control groups by the wrapper over QEMU, so they outlive it.
set -eu
mkdir -p /var/lib/nova/instances
# The same node has the same host id for ever, and no two nodes share one: a digest of the Cloud and the node.
digest=$(printf '%s/%s' "$CLOUD" "$NODE" | sha256sum | cut -c1-32)
host_uuid=$(echo "$digest" | sed -E 's/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/\1-\2-5\3-a\4-\5/')
{
  cat /etc/underpin/libvirt/libvirtd.conf
  echo "host_uuid = \"$host_uuid\""
} >/run/libvirt-config/libvirtd.conf
# A lock file of a process that is gone stops nobody, but a stale number can name another process by now.
rm -f /run/libvirtd.pid
exec libvirtd --config /run/libvirt-config/libvirtd.conf
