#!/bin/sh
# Translates the northbound into the southbound database.
set -eu
exec ovn-northd --ovnnb-db="$OVN_NB" --ovnsb-db="$OVN_SB" --unixctl=/run/ovn/northd.ctl --pidfile=/run/ovn/northd.pid \
  -vconsole:info -vsyslog:off -vfile:off
