#!/bin/bash
# Records the workers of a node cluster that open a named pipe which nobody reads, with fs.openSync, and the same server
# idle.
# usage: record.sh [.] [healthy] [bpftrace] [bpftrace/healthy]      (default: all)
. "$(dirname "$0")/../lib/hang.sh"
begin_story hang-node

start() {
  mkfifo audit
  start_untraced /usr/bin/node server.js "$SAMPLE_PORT"
  wait_listening "$SAMPLE_PORT" 3
}

record_variants start "$@"
