#!/bin/bash
# Records workers, and threads, that queue for one lock, and twins that do the same work without sharing it.
# usage: record.sh [files] [threads] [own] [none]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story shared-lock

# record LOCK READY SERVER-OPTIONS -- DRIVE-ARGUMENTS…
record() {
  local lock=$1 ready=$2 options=()
  shift 2
  while [ "$1" != -- ]; do options+=("$1"); shift; done
  shift
  start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" "${options[@]}" -e "LOCK=$lock" app:application
  wait_workers "$ready"
  drive "$@"
  stop_server
  keep
}

record_files() {
  begin_recording .
  record files 3 -k sync -w 3 -- --variant files --server "sync, 3 workers" /log /database
}

record_threads() {
  begin_recording threads
  record threads 1 -k gthread -w 1 --threads 5 -- --variant threads --server "gthread, 5 threads" /thread
}

record_own() {
  begin_recording healthy/own
  record own 3 -k sync -w 3 -- --variant own --server "sync, 3 workers" --healthy /log /database
}

record_none() {
  begin_recording healthy/threads
  record none 1 -k gthread -w 1 --threads 5 -- --variant none --server "gthread, 5 threads" --healthy /thread
}

[ $# -gt 0 ] || set -- files threads own none
for recording in "$@"; do "record_$recording"; done
