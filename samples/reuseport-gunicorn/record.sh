#!/bin/bash
# Records gunicorn with --reuse-port, which gunicorn 20.1 sets on one socket for all workers, and three servers that each have a socket.
# usage: record.sh [inherited] [own]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story reuseport-gunicorn

SERVER=("$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent --reuse-port app:application)

record_inherited() {
  begin_recording .
  start_traced "${SERVER[@]}" -w 5
  wait_workers 5
  drive --variant inherited --sockets inherited
  stop_server
  keep
}

record_own() {
  begin_recording healthy
  start_traced "$PYTHON" several.py 3 "${SERVER[@]}" -w 1
  wait_workers 3
  drive --variant healthy --sockets own
  stop_server
  keep
}

[ $# -gt 0 ] || set -- inherited own
for recording in "$@"; do "record_$recording"; done
