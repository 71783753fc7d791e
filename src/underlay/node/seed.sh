#!/bin/sh
# Runs a containerd of its own in fresh mount and process namespaces, until standard input closes. Arguments: containerd, configuration.
set -eu
exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc /bin/sh -c '
  "$1" --config "$2" &
  read -r _ || true
  kill "$!"
  wait "$!" || true
' sh "$1" "$2"
