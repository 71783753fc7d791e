"""glance's database schema. Repeatable."""
import sys

sys.argv = ["glance-manage", "--config-dir", "/etc/glance/conf.d", "db", "sync"]

from glance.cmd.manage import main
from underpin_schema import database_url, restartable

with restartable(database_url("/etc/glance/conf.d/20-secret.conf", "database")):
    sys.exit(main())
