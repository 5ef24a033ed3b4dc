#!/bin/bash
# Records a server that takes its listener out of the epoll set for each accept, and one that leaves it there.
# usage: record.sh [eventlet] [gevent]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story epoll-churn

# record VARIANT WORKER-CLASS
record() {
  begin_recording "$1"
  start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k "$2" -w 3 app:application
  wait_workers 3
  drive --variant "$1" --server "$2"
  stop_server
  keep
}

record_eventlet() { record . eventlet; }
record_gevent() { record healthy gevent; }

[ $# -gt 0 ] || set -- eventlet gevent
for recording in "$@"; do "record_$recording"; done
