"""neutron's API for a WSGI server: reads the files that OS_NEUTRON_CONFIG_FILES names, then serves."""
import sys

from underpin_reload import Watch

watch = Watch("/etc/neutron/conf.d")

# The application parses the process's arguments; the server's own would be refused.
sys.argv = ["neutron-api"]

from neutron.wsgi.api import application as api  # noqa: E402
from neutron import policy  # noqa: E402

# The enforcer is published before its rules are loaded: a request beside the first one could be refused with 403.
policy.init()

application = watch.serve(api)

__all__ = ["application"]
