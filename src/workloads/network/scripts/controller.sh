#!/bin/sh
# Writes the node's flows from OVN's southbound database. A signal ends it without taking the flows away.
exec ovn-controller unix:/run/openvswitch/db.sock --unixctl=/run/ovn/ovn-controller.ctl --pidfile=/run/ovn/ovn-controller.pid \
  -vconsole:info -vsyslog:off -vfile:off
