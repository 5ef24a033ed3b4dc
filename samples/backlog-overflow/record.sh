#!/bin/bash
# Records a short accept queue that overflows while its workers stall, and a long one under the same load.
# usage: record.sh [one] [two] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story backlog-overflow

# record VARIANT WORKERS BACKLOG
record() {
  begin_recording "$1"
  start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w "$2" --backlog "$3" app:application
  wait_workers "$2"
  drive --variant "$1" --workers "$2" --backlog "$3"
  stop_server
  keep
}

record_one() { record . 1 13; }
record_two() { record two-workers 2 13; }
record_healthy() { record healthy 1 2048; }

[ $# -gt 0 ] || set -- one two healthy
for recording in "$@"; do "record_$recording"; done
