"""neutron's database schema. Repeatable."""
import sys

sys.argv = ["neutron-db-manage", "--config-dir", "/etc/neutron/conf.d", "upgrade", "heads"]

from neutron.db.migration.cli import main
from underpin_schema import database_url, restartable

FILLED = ("securitygroupdefaultrules", "standardattributes")

with restartable(database_url("/etc/neutron/conf.d/20-secret.conf", "database"), filled=FILLED):
    sys.exit(main())
