"""keystone's API: where its configuration is, and what must be done before the first request."""
import logging
import os
import sys

from underpin_reload import Watch

watch = Watch("/etc/keystone/conf.d")

# keystone reads the options of the process, which are those of the application server.
sys.argv = ["keystone"]
os.environ["OS_KEYSTONE_CONFIG_DIR"] = "/etc/keystone/conf.d"
os.environ["OS_KEYSTONE_CONFIG_FILES"] = "10-base.conf;20-secret.conf;90-mutable.conf"

from keystone.common.rbac_enforcer import enforcer
from keystone.wsgi.api import application as api
from underpin_drain import drainable

# Made by the first request otherwise, and a second one at that moment finds it without its rules: 403.
enforcer.RBACEnforcer()._enforcer.load_rules()

# A directory of a mounted Secret can be listed by all; its files cannot be read by others. Said for each token otherwise.
logging.getLogger("keystone.common.fernet_utils").addFilter(
    lambda record: not str(record.msg).startswith("key_repository is world readable")
)

application = watch.serve(drainable(api, "/healthcheck"))
