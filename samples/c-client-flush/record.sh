#!/bin/bash
# Records producer.flush() inside the request, the same by attaching, and the twin that flushes on a native thread.
# usage: record.sh [request] [attached] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story c-client-flush

# serve HOW-TO-START WHERE-TO-FLUSH
serve() {
  port_is_free 19092 || die "port 19092 is taken: the broker has to be down"
  "$1" "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w 4 -e "FLUSH=$2" app:application
  wait_workers 4
}

record_request() {
  begin_recording .
  serve start_traced request
  drive --variant request
  stop_server
  keep
}

record_attached() {
  begin_recording attached
  serve start_untraced request
  # shellcheck disable=SC2046
  attach "$SERVER_PID" $(worker_pids)
  drive --variant attached
  stop_server
  keep
}

record_healthy() {
  begin_recording healthy
  serve start_traced background
  drive --variant healthy --healthy
  stop_server
  keep
}

[ $# -gt 0 ] || set -- request attached healthy
for recording in "$@"; do "record_$recording"; done
