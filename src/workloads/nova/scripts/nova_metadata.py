"""nova's metadata service for a WSGI server: reads /etc/nova/conf.d, then serves."""
import sys

# The application parses the process's arguments; the server's own would be refused.
sys.argv = ["nova-metadata", "--config-dir", "/etc/nova/conf.d"]

from nova.wsgi.metadata import application  # noqa: E402

__all__ = ["application"]
