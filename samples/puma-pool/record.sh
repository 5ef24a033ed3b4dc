#!/bin/bash
# Records puma: a thread that accepts, a pool that serves kept-alive connections, nothing wrong.
# usage: record.sh
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story puma-pool
begin_recording healthy
start_traced /usr/bin/puma -b "tcp://127.0.0.1:$SAMPLE_PORT" -w 2 -t 5:5 -e production config.ru
wait_listening "$SAMPLE_PORT" 4
drive --variant healthy
stop_server
keep /dev/null
