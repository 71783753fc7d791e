#!/bin/sh
# Connected to both databases; with several of them, one holds the lock and the others stand by.
for side in nb sb; do
  [ "$(ovn-appctl -T 2 -t /run/ovn/northd.ctl "$side-connection-status")" = connected ] || exit 1
done
