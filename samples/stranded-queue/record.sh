#!/bin/bash
# Records workers that stall with a queue each, and the same stalls with one queue for all.
# usage: record.sh [own] [shared]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story stranded-queue

# record VARIANT QUEUES
record() {
  begin_recording "$1"
  start_traced "$PYTHON" server.py "$SAMPLE_PORT" "$2"
  wait_workers 3
  drive --variant "$1" --queues "$2"
  stop_server
  keep
}

record_own() { record . own; }
record_shared() { record healthy shared; }

[ $# -gt 0 ] || set -- own shared
for recording in "$@"; do "record_$recording"; done
