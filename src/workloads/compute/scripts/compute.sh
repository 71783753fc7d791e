#!/bin/bash
# Runs nova-compute, the command given, with what differs from node to node, once libvirt answers.
set -eu
mkdir -p /var/lib/nova/instances /run/nova
cat >/run/nova/95-node.conf <<END
[DEFAULT]
host = $NODE
my_ip = $NODE_IP
[vnc]
server_listen = $NODE_IP
server_proxyclient_address = $NODE_IP
END
# A socket file alone can be left from before: somebody must accept. nova-compute ends when libvirt does not answer.
python3 -I -S - <<'END'
import socket, sys, time
for _ in range(600):
    try:
        socket.socket(socket.AF_UNIX).connect("/run/libvirt/libvirt-sock")
        sys.exit(0)
    except OSError as error:
        reason = error
        time.sleep(0.2)
sys.exit(f"libvirt did not answer on /run/libvirt/libvirt-sock within 120 seconds: {reason}")
END
exec "$@" --config-file /run/nova/95-node.conf
