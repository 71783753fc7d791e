#!/bin/sh
# Makes the databases and the services' users what the Cloud says. Repeating it changes nothing.
exec mariadb --defaults-file=/etc/underpin/accounts/client.cnf --connect-timeout=10 --batch </etc/underpin/accounts/accounts.sql
