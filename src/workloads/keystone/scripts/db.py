"""keystone's database in one process: its schema, then the administrator, the roles and keystone's own endpoints. Repeatable."""
import json
from pathlib import Path

import keystone.conf
from keystone.cmd.bootstrap import Bootstrapper
from keystone.common import sql
from keystone.common.sql import upgrades
from underpin_schema import restartable

CONFIG_DIR = Path("/etc/keystone/conf.d")
INPUT = Path(__file__).with_name("bootstrap.json")

keystone.conf.configure()
sql.initialize()
keystone.conf.set_default_for_default_log_levels()
keystone.conf.CONF(args=["--config-dir", str(CONFIG_DIR)], project="keystone", default_config_files=[])
keystone.conf.setup_logging()

with restartable(CONFIG_DIR / "20-secret.conf", "database", "user"):
    upgrades.offline_sync_database_to_version(None)

wanted = json.loads(INPUT.read_text())
bootstrapper = Bootstrapper()
bootstrapper.admin_password = (CONFIG_DIR / "admin-password").read_text()
bootstrapper.admin_username = "admin"
bootstrapper.project_name = "admin"
bootstrapper.admin_role_name = "admin"
bootstrapper.service_name = "keystone"
bootstrapper.region_id = wanted["region"]
bootstrapper.public_url = wanted["public"]
bootstrapper.internal_url = wanted["internal"]
bootstrapper.admin_url = wanted["internal"]
bootstrapper.immutable_roles = True
bootstrapper.bootstrap()
