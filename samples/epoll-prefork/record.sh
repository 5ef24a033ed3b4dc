#!/bin/bash
# Records one tiny server three times: woken all together, woken one at a time by EPOLLEXCLUSIVE, and by blocking
# accept.
# usage: record.sh [plain] [exclusive] [blocking]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story epoll-prefork

# record FOLDER HOW
record() {
  begin_recording "$1"
  start_traced "$PYTHON" server.py "$SAMPLE_PORT" "$2"
  wait_workers 4
  drive --variant "$1" --server "$2"
  stop_server
  keep
}

record_plain() { record . plain; }
record_exclusive() { record healthy/exclusive exclusive; }
record_blocking() { record healthy/blocking blocking; }

[ $# -gt 0 ] || set -- plain exclusive blocking
for recording in "$@"; do "record_$recording"; done
