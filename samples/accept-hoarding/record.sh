#!/bin/bash
# Records workers that accept all there is when they are woken, and workers that accept the next connection when they
# are done.
# usage: record.sh [all] [one]      (default: all of them)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story accept-hoarding

# record VARIANT ACCEPTS
record() {
  begin_recording "$1"
  start_traced "$PYTHON" server.py "$SAMPLE_PORT" "$2"
  wait_workers 3
  drive --variant "$1" --accepts "$2"
  stop_server
  keep
}

record_all() { record . all; }
record_one() { record healthy one; }

[ $# -gt 0 ] || set -- all one
for recording in "$@"; do "record_$recording"; done
