#!/bin/bash
# Records a job that a monkey-patched pool runs on the event loop, by attaching and leaving while it runs; and a twin
# whose job is a process of its own.
# usage: record.sh [pool] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story endless-job

# record JOB DRIVE-ARGUMENTS…
record() {
  local job=$1
  shift
  start_untraced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w 2 -e "JOB=$job" app:application
  wait_workers 2
  # shellcheck disable=SC2046
  attach "$SERVER_PID" $(worker_pids)
  drive "$@"
  stop_server
  keep
}

record_pool() {
  begin_recording .
  record pool --variant pool
}

record_healthy() {
  begin_recording healthy
  record process --variant healthy --healthy
}

[ $# -gt 0 ] || set -- pool healthy
for recording in "$@"; do "record_$recording"; done
