#!/bin/bash
# Records a Go server whose handlers all wait for one mutex, and the same server idle. Who has the mutex waits for a
# service that never answers; in flock/ it waits for a lock on a file.
# usage: record.sh [.] [flock] [healthy] [bpftrace] [bpftrace/flock] [bpftrace/healthy]      (default: all)
. "$(dirname "$0")/../lib/hang.sh"
begin_story hang-go

start() {
  "${CLEAN[@]}" GOCACHE="$RUN_DIR/cache" GOPATH="$RUN_DIR/go" GO111MODULE=off go build -trimpath -o server server.go
  start_untraced ./server
  wait_listening "$SAMPLE_PORT"
}

[ $# -gt 0 ] || set -- . flock healthy bpftrace bpftrace/flock bpftrace/healthy
record_variants start "$@"
