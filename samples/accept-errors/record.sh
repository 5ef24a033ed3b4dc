#!/bin/bash
# Records a worker that runs out of descriptors, and one that has enough.
# usage: record.sh [few] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story accept-errors

# record OPEN-FILES DRIVE-ARGUMENTS…
record() {
  local open_files=$1
  shift
  start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w 1 -e "OPEN_FILES=$open_files" app:application
  wait_workers 1
  drive "$@"
  stop_server
  keep
}

record_few() {
  begin_recording .
  record 32 --variant few
}

record_healthy() {
  begin_recording healthy
  record 1024 --variant healthy --healthy
}

[ $# -gt 0 ] || set -- few healthy
for recording in "$@"; do "record_$recording"; done
