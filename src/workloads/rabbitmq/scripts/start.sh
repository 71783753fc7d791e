#!/bin/sh
# Starts the message bus with a node name that stays when the pod is made anew.
set -eu
umask 077
# Erlang sizes its table of ports by the limit of open files, which some runtimes set to a thousand million.
case $(ulimit -n) in unlimited | ??????*) ulimit -n 65536 ;; esac
export HOME=/run/rabbitmq
rm -f "$HOME/.erlang.cookie"
cp /etc/underpin/rabbitmq-secret/cookie "$HOME/.erlang.cookie"
chmod 400 "$HOME/.erlang.cookie"
export RABBITMQ_USE_LONGNAME=true
export RABBITMQ_NODENAME="rabbit@${HOSTNAME}.${RABBITMQ_DOMAIN}"
export RABBITMQ_CONFIG_FILE=/etc/underpin/rabbitmq/rabbitmq.conf
export RABBITMQ_ENABLED_PLUGINS_FILE=/etc/underpin/rabbitmq/enabled_plugins
export RABBITMQ_MNESIA_BASE=/var/lib/rabbitmq/mnesia
export RABBITMQ_LOG_BASE=/tmp
export RABBITMQ_LOGS=-
# One scheduler that sleeps when it is idle: busy waiting costs a small machine several per cent of a core.
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S ${RABBITMQ_SCHEDULERS} +sbwt none +sbwtdcpu none +sbwtdio none"
# Without this the script stays in front of Erlang instead of becoming it.
export RUNNING_UNDER_SYSTEMD=true
exec /usr/lib/rabbitmq/bin/rabbitmq-server </dev/null
