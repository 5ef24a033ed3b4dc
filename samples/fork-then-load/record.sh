#!/bin/bash
# Records workers that import the application after the fork, and the twin that loads it once, before.
# usage: record.sh [after] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story fork-then-load

# record DRIVE-ARGUMENTS… -- GUNICORN-ARGUMENTS…
record() {
  local drive_arguments=() began
  while [ "$1" != -- ]; do
    drive_arguments+=("$1")
    shift
  done
  shift
  # Compiled modules, as after any first start.
  "${CLEAN[@]}" /usr/bin/python3 -m compileall -q .
  began=$(date +%s.%N)
  start_traced "$GUNICORN" "$@" app:application
  wait_workers 3
  drive "${drive_arguments[@]}" --began "$began"
  stop_server
  keep
}

record_after() {
  begin_recording .
  record --variant after --
}

record_healthy() {
  begin_recording healthy
  record --variant healthy --healthy -- --preload
}

[ $# -gt 0 ] || set -- after healthy
for recording in "$@"; do "record_$recording"; done
