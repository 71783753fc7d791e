#!/bin/sh
# Something accepts on the socket that the proxies of the guests' networks speak to.
exec python3 -I -S -c 'import socket; s = socket.socket(socket.AF_UNIX); s.settimeout(4); s.connect("/var/lib/neutron/metadata_proxy")'
