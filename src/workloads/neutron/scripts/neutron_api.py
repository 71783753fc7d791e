"""neutron's API for a WSGI server: reads the files that OS_NEUTRON_CONFIG_FILES names, then serves."""
import sys
from multiprocessing import util

# The application parses the process's arguments; the server's own would be refused.
sys.argv = ["neutron-api"]

from neutron.wsgi.api import application  # noqa: E402
from neutron import policy  # noqa: E402
from neutron_lib.plugins import directory  # noqa: E402

# The enforcer is published before its rules are loaded: a request beside the first one could be refused with 403.
policy.init()

# A process that leaves its place in the ring keeps its share of OVN's events for a minute, unhandled: ports would not
# become active. neutron does this at exit, and a worker process of the server ends without exit handlers.
ovn = directory.get_plugin().mechanism_manager.mech_drivers["ovn"].obj
util.Finalize(None, ovn._remove_node_from_hash_ring, exitpriority=100)

__all__ = ["application"]
