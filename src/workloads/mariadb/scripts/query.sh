#!/bin/sh
# A real query over the socket: the probe of readiness and liveness.
exec mariadb --defaults-file=/etc/underpin/mariadb/my.cnf --connect-timeout=4 --batch --execute='SELECT 1'
