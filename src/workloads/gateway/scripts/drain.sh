#!/bin/sh
# Before the pod stops: first nobody new is sent here, then requests under way are finished. HAProxy, process 1, ends by
# itself after a soft stop, and this script with it; a mere SIGTERM would cut every connection.
sleep 3
kill -USR1 1
while kill -0 1; do sleep 0.2; done
