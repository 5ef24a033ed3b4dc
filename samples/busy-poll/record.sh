#!/bin/bash
# Records event loops that are told of something again and again and do nothing about it, and one that does.
# usage: record.sh [ignores] [rounds-down] [out-of-files] [handles]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story busy-poll

# record VARIANT HOW
record() {
  begin_recording "$1"
  start_traced "$PYTHON" server.py "$SAMPLE_PORT" "$2"
  wait_workers 2
  drive --variant "$1" --how "$2"
  stop_server
  keep
}

record_ignores() { record . ignores; }
record_rounds_down() { record rounds-down rounds-down; }
record_out_of_files() { record out-of-files out-of-files; }
record_handles() { record healthy handles; }

[ $# -gt 0 ] || set -- ignores rounds-down out-of-files handles
for recording in "$@"; do "record_${recording//-/_}"; done
