#!/bin/bash
# Records the thread pools of two puma workers: a thread reads from a service that never answers, the others wait for
# its Mutex. And the same server idle.
# usage: record.sh [.] [healthy] [bpftrace] [bpftrace/healthy]      (default: all)
. "$(dirname "$0")/../lib/hang.sh"
begin_story hang-puma

start() {
  start_untraced /usr/bin/puma -b "tcp://127.0.0.1:$SAMPLE_PORT" -w 2 -t 3:3 -e production config.ru
  wait_listening "$SAMPLE_PORT" 4
}

record_variants start "$@"
