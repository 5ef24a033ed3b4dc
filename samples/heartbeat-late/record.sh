#!/bin/bash
# Records workers whose heartbeat comes late, until one is killed for it; and a twin that naps cooperatively.
# usage: record.sh [blocking] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story heartbeat-late

# record NAP DRIVE-ARGUMENTS…
record() {
  local nap=$1
  shift
  start_traced "$GUNICORN" -e "NAP=$nap" app:application
  wait_workers 2
  drive "$@"
  stop_server
  keep
}

record_blocking() {
  begin_recording .
  record blocking --variant blocking
}

record_healthy() {
  begin_recording healthy
  record cooperative --variant healthy --healthy
}

[ $# -gt 0 ] || set -- blocking healthy
for recording in "$@"; do "record_$recording"; done
