#!/bin/sh
# The database answers a transaction over the network's port: database-ready.sh PORT SCHEMA.
exec ovsdb-client --timeout=4 query "tcp:127.0.0.1:$1" "[\"$2\",{\"op\":\"select\",\"table\":\"Connection\",\"where\":[]}]"
