"""glance's database schema. Repeatable."""
import sys

sys.argv = ["glance-manage", "--config-dir", "/etc/glance/conf.d", "db", "sync"]

from glance.cmd.manage import main

sys.exit(main())
