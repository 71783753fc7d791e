"""placement's database schema. Repeatable."""
import sys

sys.argv = ["placement-manage", "--config-dir", "/etc/placement/conf.d", "db", "sync"]

from placement.cmd.manage import main
from underpin_schema import database_url, restartable

with restartable(database_url("/etc/placement/conf.d/20-secret.conf", "placement_database")):
    sys.exit(main())
