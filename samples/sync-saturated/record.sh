#!/bin/bash
# Records sync workers that are all busy, and the same workers with little to do.
# usage: record.sh [saturated] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story sync-saturated

# record DRIVE-ARGUMENTS…
record() {
  start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k sync -w 3 app:application
  wait_workers 3
  drive "$@"
  stop_server
  keep
}

record_saturated() {
  begin_recording .
  record --variant saturated
}

record_healthy() {
  begin_recording healthy
  record --variant healthy --healthy
}

[ $# -gt 0 ] || set -- saturated healthy
for recording in "$@"; do "record_$recording"; done
