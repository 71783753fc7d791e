#!/bin/sh
# Makes the databases and the services' users what the Cloud says. Repeating it changes nothing.
client='mariadb --defaults-file=/etc/underpin/accounts/client.cnf --connect-timeout=10 --batch'
# A first process of a container that says nothing about this signal never gets it.
trap 'exit 143' TERM
# A server that is ready has its address a moment later; the next try of a Job comes after ten seconds.
tries=0
until $client --execute='DO 0'; do
  tries=$((tries + 1))
  [ "$tries" -lt 20 ] || exit 1
  sleep 0.5
done
exec $client </etc/underpin/accounts/accounts.sql
