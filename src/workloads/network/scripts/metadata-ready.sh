#!/bin/sh
# The agent listens on the socket that the proxies of the guests' networks speak to. The kernel's list tells that
# without a connection, which the agent would take for a broken request and log at length.
exec grep -q ' /var/lib/neutron/metadata_proxy$' /proc/net/unix
