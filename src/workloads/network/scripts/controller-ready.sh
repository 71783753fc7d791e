#!/bin/sh
# Connected to the southbound database, not only alive.
[ "$(ovn-appctl -T 4 -t /run/ovn/ovn-controller.ctl connection-status)" = connected ]
