#!/bin/sh
# Joins the node's cgroups and starts its namespaces. Arguments: init script, its seven arguments, then the cgroup folders.
# It becomes `unshare`, whose only child is the node's PID 1; when either dies, all of the node dies with it.
set -eu
init=$1 rootfs=$2 node=$3 bin=$4 cni=$5 name=$6 cgroups=$7 seed=$8
shift 8
for folder in "$@"; do
  echo $$ >"$folder/cgroup.procs"
done
exec unshare --cgroup --net --uts --ipc --mount --propagation private --pid --fork --kill-child \
  /bin/sh "$init" "$rootfs" "$node" "$bin" "$cni" "$name" "$cgroups" "$seed"
