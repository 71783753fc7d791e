"""placement's database schema. Repeatable."""
import sys

sys.argv = ["placement-manage", "--config-dir", "/etc/placement/conf.d", "db", "sync"]

from placement.cmd.manage import main

sys.exit(main())
