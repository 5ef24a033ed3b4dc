#!/bin/bash
# Records an event loop that fights a native thread for the interpreter lock, and the twin whose report is a process.
# usage: record.sh [thread] [pages] [healthy-pages] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story gil-starvation

# record WHERE DRIVE-ARGUMENTS…
record() {
  local where=$1
  shift
  start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w 1 -e "REPORT=$where" app:application
  wait_workers 1
  drive "$@"
  stop_server
  keep
}

record_thread() {
  begin_recording .
  record thread --variant thread
}

record_pages() {
  begin_recording pages
  record thread --variant pages --pages
}

record_healthy_pages() {
  begin_recording healthy/pages
  record process --variant healthy-pages --pages --healthy
}

record_healthy() {
  begin_recording healthy
  record process --variant healthy --healthy
}

[ $# -gt 0 ] || set -- thread pages healthy-pages healthy
for recording in "$@"; do "record_${recording/-/_}"; done
