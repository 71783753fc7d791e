#!/bin/bash
# Ready while nova-compute, process 1, holds a connection to the message bus: "worker deaf" and "bus down" both end it.
# The pod has the host's network, so the list of connections is the host's, and the process's own sockets are looked up in it.
port=$(printf '%04X' 5671)
established=$(awk -v port="$port" '$4 == "01" && $3 ~ (":" port "$") { print "socket:[" $10 "]" }' /proc/net/tcp /proc/net/tcp6)
for file in /proc/1/fd/*; do
  target=$(readlink "$file") || continue
  case $'\n'"$established"$'\n' in
    *$'\n'"$target"$'\n'*) exit 0 ;;
  esac
done
echo "nova-compute has no connection to the message bus"
exit 1
