#!/bin/sh
# The node's virtual switch: writes what it must know before it starts, then runs it.
# /etc/underpin/ovs/bridges has a line `PHYSICAL-NETWORK BRIDGE INTERFACE` for each provider network of the Cloud.
set -eu
vsctl() { ovs-vsctl --timeout=5 --no-wait "$@"; }

tries=0
until vsctl show >/dev/null 2>&1; do
  tries=$((tries + 1))
  [ "$tries" -lt 300 ] || { echo "ovsdb-server did not answer within 30 seconds" >&2; exit 1; }
  sleep 0.1
done
vsctl init

# What the node began with stays: a bridge that changes its datapath loses its ports. Asking makes the kernel load its
# module where it has one.
datapath=$(vsctl --if-exists get open_vswitch . external_ids:underpin-datapath | tr -d '"')
if [ -z "$datapath" ]; then
  case "$(ovs-dpctl dump-dps 2>&1)" in
    *"does not exist"*) datapath=netdev ;;
    *) datapath=system ;;
  esac
fi
echo "datapath: $datapath"
vsctl set open_vswitch . external_ids:underpin-datapath="$datapath"
options=
if [ "$datapath" = netdev ]; then
  options=--disable-system
  # Without segmentation offload TCP of guests fails over taps, while ping and DHCP work.
  vsctl set open_vswitch . other_config:userspace-tso-enable=true
fi

mappings=
while read -r network bridge interface; do
  ip link show dev "$interface" >/dev/null 2>&1 || { echo "this node has no network interface $interface for network $network" >&2; exit 1; }
  ip link set "$interface" up
  vsctl --may-exist add-br "$bridge" -- set bridge "$bridge" datapath_type="$datapath" \
    -- --may-exist add-port "$bridge" "$interface"
  mappings="$mappings${mappings:+,}$network:$bridge"
done </etc/underpin/ovs/bridges

vsctl set open_vswitch . external_ids:system-id="$NODE" external_ids:hostname="$NODE" \
  external_ids:ovn-remote="$OVN_SB" external_ids:ovn-encap-type=geneve external_ids:ovn-encap-ip="$NODE_IP" \
  external_ids:ovn-bridge-datapath-type="$datapath" external_ids:ovn-cms-options=enable-chassis-as-gw \
  external_ids:ovn-monitor-all=true external_ids:ovn-remote-probe-interval=60000 \
  "external_ids:ovn-bridge-mappings=\"$mappings\""
vsctl --may-exist add-br br-int -- set bridge br-int datapath_type="$datapath" fail-mode=secure

# It ends when its database does, and starts again.
if [ "$datapath" = netdev ]; then
  while sleep 1; do /etc/underpin/ovs/interfaces-up.sh || true; done &
fi

exec ovs-vswitchd $options --unixctl=/run/openvswitch/ovs-vswitchd.ctl --pidfile=/run/openvswitch/ovs-vswitchd.pid \
  -vconsole:info -vsyslog:off -vfile:off
