#!/bin/bash
# Records a thread pool whose threads all wait for one lock; who has it waits for a file that another process locked.
# And the same server idle.
# usage: record.sh [.] [healthy] [bpftrace] [bpftrace/healthy]      (default: all)
. "$(dirname "$0")/../lib/hang.sh"
begin_story hang-gunicorn-gthread

start() {
  : >report.lock
  start_untraced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gthread -w 1 --threads 4 --timeout 120 app:application
  wait_listening "$SAMPLE_PORT"
}

record_variants start "$@"
