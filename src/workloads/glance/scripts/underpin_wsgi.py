"""glance's API: where its configuration is. Its entry point reads no environment variable with file names."""
import os

from underpin_reload import Watch

watch = Watch("/etc/glance/conf.d")

os.environ["OS_GLANCE_CONFIG_DIR"] = "/etc/glance/conf.d"

from glance.common import wsgi_app

wsgi_app.CONFIG_FILES = ["10-base.conf", "20-secret.conf", "90-mutable.conf"]

from glance.wsgi.api import application as api
from underpin_drain import drainable

application = watch.serve(drainable(api, "/healthcheck"))
