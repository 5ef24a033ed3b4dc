#!/bin/bash
# Records loops that serve many requests in one turn, each of them quick, and twins whose clients take their time.
# usage: record.sh [many] [one] [healthy-many] [healthy-one]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story crowded-loop

# record STORY DRIVE-ARGUMENTS…
record() {
  local story=$1 server
  shift
  if [ "$story" = many ]; then
    server="asyncio, Python 3.11.2"
    start_traced "$PYTHON" server.py "$SAMPLE_PORT"
  else
    server="gunicorn 20.1.0 gevent 22.10.2, 1 worker"
    start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w 1 --limit-request-field_size 8190 app:application
  fi
  wait_workers 1
  drive --server "$server" "$@" "$story"
  stop_server
  keep
}

record_many() {
  begin_recording .
  record many --variant many
}

record_one() {
  begin_recording one-connection
  record one --variant one
}

record_healthy_many() {
  begin_recording healthy/many
  record many --variant healthy-many --healthy
}

record_healthy_one() {
  begin_recording healthy/one
  record one --variant healthy-one --healthy
}

[ $# -gt 0 ] || set -- many one healthy-many healthy-one
for recording in "$@"; do "record_${recording/-/_}"; done
