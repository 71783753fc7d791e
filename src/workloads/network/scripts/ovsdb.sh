#!/bin/sh
# Open vSwitch's configuration database of this node. It is kept on the node, so that a new pod finds its bridges and ports.
set -eu
file=/etc/openvswitch/conf.db
schema=/usr/share/openvswitch/vswitch.ovsschema
if [ ! -e "$file" ]; then
  rm -f "$file.new"
  ovsdb-tool create "$file.new" "$schema"
  mv "$file.new" "$file"
elif [ "$(ovsdb-tool needs-conversion "$file" "$schema")" = yes ]; then
  ovsdb-tool convert "$file" "$schema"
fi
exec ovsdb-server "$file" --remote=punix:/run/openvswitch/db.sock --unixctl=/run/openvswitch/ovsdb-server.ctl \
  --pidfile=/run/openvswitch/ovsdb-server.pid -vconsole:info -vsyslog:off -vfile:off
