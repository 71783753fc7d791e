#!/bin/sh
# Runs one of OVN's databases: database.sh nb|sb PORT.
set -eu
name=$1 port=$2
file=/var/lib/ovn/ovn${name}_db.db
schema=/usr/share/ovn/ovn-$name.ovsschema
if [ ! -e "$file" ]; then
  rm -f "$file.new"
  ovsdb-tool create "$file.new" "$schema"
  mv "$file.new" "$file"
elif [ "$(ovsdb-tool needs-conversion "$file" "$schema")" = yes ]; then
  cp -p "$file" "$file.before-conversion"
  ovsdb-tool convert "$file" "$schema"
fi
# The default of five seconds drops clients that are busy, such as neutron while it starts.
cat >/run/ovn/server.json <<END
{
  "remotes": {
    "punix:/run/ovn/ovn${name}_db.sock": {},
    "ptcp:$port:0.0.0.0": {"inactivity-probe": 60000}
  },
  "databases": {"$file": {}}
}
END
exec ovsdb-server --config-file=/run/ovn/server.json --unixctl=/run/ovn/server.ctl --pidfile=/run/ovn/server.pid \
  -vconsole:info -vsyslog:off -vfile:off
