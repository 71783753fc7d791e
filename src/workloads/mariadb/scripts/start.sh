#!/bin/sh
# Starts the server. An empty volume gets the system tables first: they are made aside and renamed when they are whole,
# so that a start killed at any line is repeated by the next.
set -eu
# Some runtimes allow a thousand million open files, and the server sizes tables by that.
case $(ulimit -n) in unlimited | ??????*) ulimit -n 65536 ;; esac
config=/etc/underpin/mariadb/my.cnf
data=/var/lib/mysql/data
if [ ! -d "$data" ]; then
  rm -rf "$data.new"
  mkdir -m 700 "$data.new"
  # Nothing is lost when this start dies, so nothing needs to be flushed; who is `mysql` in the container is its root.
  mariadb-install-db --defaults-file="$config" --datadir="$data.new" --skip-test-db --skip-name-resolve \
    --auth-root-authentication-method=socket --auth-root-socket-user=mysql \
    --innodb-flush-log-at-trx-commit=0 --skip-innodb-doublewrite >/dev/null
  mv "$data.new" "$data"
fi
exec mariadbd --defaults-file="$config" --init-file=/etc/underpin/mariadb-init/init.sql
