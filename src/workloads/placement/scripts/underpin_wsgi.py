"""placement's API: where its configuration is. Its entry point knows one file in one directory."""
import os

from underpin_reload import Watch

watch = Watch("/etc/placement/conf.d")

import placement.wsgi

LAYERS = ("10-base.conf", "20-secret.conf", "90-mutable.conf")
placement.wsgi._get_config_files = lambda env=None: [os.path.join("/etc/placement/conf.d", name) for name in LAYERS]

# Its options are its own, not the process's: they are found where they are read.
read = placement.wsgi._parse_args


def parse_args(config, *args, **kwargs):
    watch.given = config
    return read(config, *args, **kwargs)


placement.wsgi._parse_args = parse_args

from placement.wsgi.api import application as api
from underpin_drain import drainable

application = watch.serve(drainable(api, "/"))
