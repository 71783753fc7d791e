#!/bin/bash
# An AMQP greeting over the loopback listener: the server answers it with Connection.Start, a frame whose first byte is 1.
# rabbitmq-diagnostics would start an Erlang of its own, which takes seconds.
exec 3<>/dev/tcp/127.0.0.1/5672 || exit 1
printf 'AMQP\x00\x00\x09\x01' >&3
IFS= read -r -d '' -n 1 -t 4 frame <&3
[ "$frame" = $'\x01' ]
