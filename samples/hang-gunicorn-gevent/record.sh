#!/bin/bash
# Records gevent workers that hang outside of the event loop: in a C library that asks a database, and at a mutex. And
# the same server idle.
# usage: record.sh [.] [healthy] [bpftrace] [bpftrace/healthy]      (default: all)
. "$(dirname "$0")/../lib/hang.sh"
begin_story hang-gunicorn-gevent

start() {
  start_untraced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w 2 --timeout 120 app:application
  wait_listening "$SAMPLE_PORT"
}

record_variants start "$@"
