#!/bin/bash
# Records event loops of asyncio that read from a named pipe in a coroutine, and the same server idle.
# usage: record.sh [.] [healthy] [bpftrace] [bpftrace/healthy]      (default: all)
. "$(dirname "$0")/../lib/hang.sh"
begin_story hang-uvicorn

start() {
  mkfifo jobs
  start_untraced "$PYTHON" -m uvicorn --host 127.0.0.1 --port "$SAMPLE_PORT" --workers 2 --log-level warning \
    app:application
  wait_listening "$SAMPLE_PORT" 3
}

record_variants start "$@"
