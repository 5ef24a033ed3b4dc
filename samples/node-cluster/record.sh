#!/bin/bash
# Records a node cluster with a CPU-heavy handler, and the twin whose handler waits on a timer.
# usage: record.sh [blocking] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story node-cluster

# record HOW DRIVE-ARGUMENTS…
record() {
  local how=$1
  shift
  start_traced /usr/bin/node server.js "$SAMPLE_PORT" "$how"
  wait_listening "$SAMPLE_PORT" 3
  # shellcheck disable=SC2046
  drive "$@" --workers $(cat "/proc/$SERVER_PID/task/$SERVER_PID/children")
  stop_server
  keep /dev/null
}

record_blocking() {
  begin_recording .
  record blocking --variant blocking
}

record_healthy() {
  begin_recording healthy
  record healthy --variant healthy --healthy
}

[ $# -gt 0 ] || set -- blocking healthy
for recording in "$@"; do "record_$recording"; done
