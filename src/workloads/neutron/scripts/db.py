"""neutron's database schema. Repeatable."""
import sys

sys.argv = ["neutron-db-manage", "--config-dir", "/etc/neutron/conf.d", "upgrade", "heads"]

from neutron.db.migration.cli import main

sys.exit(main())
