#!/bin/bash
# Records sync workers that all read from a service which never answers, and the same server idle.
# usage: record.sh [.] [healthy] [bpftrace] [bpftrace/healthy]      (default: all)
. "$(dirname "$0")/../lib/hang.sh"
begin_story hang-gunicorn-sync

start() {
  start_untraced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k sync -w 3 --timeout 120 app:application
  wait_listening "$SAMPLE_PORT"
}

record_variants start "$@"
