#!/bin/bash
# Records workers that keep a descriptor for each request, and the twin with a pool and a cache of bounded size.
# usage: record.sh [leak] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story descriptor-leak

# record LEAK DRIVE-ARGUMENTS…
record() {
  local leak=$1
  shift
  port_is_free 18081 || die "port 18081 is taken"
  start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k sync -w 2 -e "LEAK=$leak" app:application
  wait_workers 2
  drive "$@"
  stop_server
  keep
}

record_leak() {
  begin_recording .
  record yes --variant leak
}

record_healthy() {
  begin_recording healthy
  record no --variant healthy --healthy
}

[ $# -gt 0 ] || set -- leak healthy
for recording in "$@"; do "record_$recording"; done
