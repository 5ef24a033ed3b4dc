#!/bin/bash
# Records workers that stall with a queue each, the same by attaching, sync workers that are busy instead, and the same
# stalls with one queue for all.
# usage: record.sh [own] [attached] [sync] [shared]      (default: all)
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
record_attached() {
  begin_recording attached
  start_untraced "$PYTHON" server.py "$SAMPLE_PORT" own
  wait_workers 3
  # shellcheck disable=SC2046
  attach "$SERVER_PID" $(worker_pids)
  drive --variant attached --queues own
  stop_server
  keep
}

record_sync() {
  begin_recording sync
  start_traced "$PYTHON" several.py 3 "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k sync -w 1 --reuse-port app:application
  wait_workers 3
  drive --variant sync --queues sync
  stop_server
  keep
}

record_shared() { record healthy shared; }

[ $# -gt 0 ] || set -- own attached sync shared
for recording in "$@"; do "record_$recording"; done
