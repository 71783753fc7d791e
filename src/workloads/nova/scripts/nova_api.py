"""nova's compute API for a WSGI server: reads /etc/nova/conf.d, then serves."""
import sys

from underpin_reload import Watch

watch = Watch("/etc/nova/conf.d")

# The application parses the process's arguments; the server's own would be refused.
sys.argv = ["nova-api", "--config-dir", "/etc/nova/conf.d"]

from nova.wsgi.osapi_compute import application as api  # noqa: E402
import granian.server.mp  # noqa: E402
from eventlet import patcher  # noqa: E402
from nova import policy  # noqa: E402

# The enforcer is published before its rules are loaded: a request beside the first one could be refused with 403.
policy.init()

# nova has made Python's threads cooperative, and a signal does not wake the server that waits in one: it would never stop.
granian.server.mp.threading = patcher.original("threading")

application = watch.serve(api)

__all__ = ["application"]
