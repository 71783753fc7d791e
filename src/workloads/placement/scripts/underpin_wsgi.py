"""placement's API: where its configuration is. Its entry point knows one file in one directory."""
import os

import placement.wsgi

LAYERS = ("10-base.conf", "20-secret.conf", "90-mutable.conf")
placement.wsgi._get_config_files = lambda env=None: [os.path.join("/etc/placement/conf.d", name) for name in LAYERS]

from placement.wsgi.api import application as api
from underpin_drain import drainable

application = drainable(api, "/")
