#!/bin/bash
# Records two children of a celery worker that wait for a service which never answers, and a third that has nothing to
# do. And the same worker idle.
# usage: record.sh [.] [healthy] [bpftrace] [bpftrace/healthy]      (default: all)
. "$(dirname "$0")/../lib/hang.sh"
begin_story hang-celery

start() {
  /usr/bin/redis-server --port 18082 --bind 127.0.0.1 --save '' --appendonly no --dir "$RUN_DIR" \
    >redis.log 2>&1 8>&- 9>&- &
  BESIDE_PID=$!
  STARTED_PIDS+=("$BESIDE_PID")
  start_untraced "$PYTHON" -m celery -A tasks worker -c 3 --loglevel ERROR
  wait_until "celery" grep -qs ready said-ready
  sleep 2
}

record_variants start "$@"
