#!/bin/sh
# The switch answers, and it has made the integration bridge.
set -e
ovs-appctl --timeout=4 --target=/run/openvswitch/ovs-vswitchd.ctl dpif/show | grep -q 'br-int'
