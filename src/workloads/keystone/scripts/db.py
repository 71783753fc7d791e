"""keystone's database in one process: its schema, the administrator, the roles, and what the services need. Repeatable."""
import json
from pathlib import Path

import keystone.conf
from keystone.cmd.bootstrap import Bootstrapper
from keystone.common import sql
from keystone.common.sql import upgrades
from hashing import hashed_for
from underpin_schema import database_url, restartable

CONFIG_DIR = Path("/etc/keystone/conf.d")
INPUT = Path(__file__).with_name("catalog.json")


def configure():
    keystone.conf.configure()
    sql.initialize()
    keystone.conf.set_default_for_default_log_levels()
    keystone.conf.CONF(args=["--config-dir", str(CONFIG_DIR)], project="keystone", default_config_files=[])
    keystone.conf.setup_logging()


def password(user):
    return (CONFIG_DIR / f"password-{user}").read_text()


def bootstrap(wanted):
    own = next(service["endpoints"] for service in wanted["services"] if service["type"] == "identity")
    bootstrapper = Bootstrapper()
    bootstrapper.admin_password = password("admin")
    bootstrapper.admin_username = "admin"
    bootstrapper.project_name = "admin"
    bootstrapper.admin_role_name = "admin"
    bootstrapper.service_name = "keystone"
    bootstrapper.region_id = wanted["region"]
    bootstrapper.public_url = own["public"]
    bootstrapper.internal_url = own["internal"]
    bootstrapper.admin_url = own["internal"]
    bootstrapper.immutable_roles = True
    with hashed_for(bootstrapper.admin_password):
        bootstrapper.bootstrap()
    return bootstrapper


configure()
with restartable(database_url(CONFIG_DIR / "20-secret.conf", "database"), filled=("project",)):
    upgrades.offline_sync_database_to_version(None)
catalog = json.loads(INPUT.read_text())
administrator = bootstrap(catalog)

# Needs the backends that the bootstrapper has loaded.
from seed import Seed  # noqa: E402

Seed(administrator, catalog["region"]).add(catalog["users"], catalog["services"], password)
