#!/bin/bash
# Records a multi-process asyncio server that sleeps in a handler, and a twin that awaits and has a listener per
# process.
# usage: record.sh [blocking] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story asyncio-server

# record LISTENERS DRIVE-ARGUMENTS…
record() {
  local listeners=$1
  shift
  start_traced "$PYTHON" server.py "$SAMPLE_PORT" "$listeners"
  wait_workers 3
  drive "$@"
  stop_server
  keep
}

record_blocking() {
  begin_recording .
  record shared --variant blocking
}

record_healthy() {
  begin_recording healthy
  record reuseport --variant healthy --healthy
}

[ $# -gt 0 ] || set -- blocking healthy
for recording in "$@"; do "record_$recording"; done
