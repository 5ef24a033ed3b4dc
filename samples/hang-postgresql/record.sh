#!/bin/bash
# Records PostgreSQL with sessions that wait for a row, for a client that does not read, and for a named pipe. And the
# same server idle.
# usage: record.sh [.] [healthy] [bpftrace] [bpftrace/healthy]      (default: all)
. "$(dirname "$0")/../lib/hang.sh"
begin_story hang-postgresql

PROGRAMS=/usr/lib/postgresql/15/bin

start() {
  local as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
  chmod 755 "$RUN_DIR"
  install -d -m 700 -o postgres -g postgres data
  mkfifo -m 666 feed
  "${CLEAN[@]}" "${as[@]}" "$PROGRAMS/initdb" -D data --auth trust --no-sync >initdb.log
  start_untraced "${as[@]}" "$PROGRAMS/postgres" -D "$RUN_DIR/data" -c port="$SAMPLE_PORT" \
    -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off -c autovacuum=off -c shared_buffers=16MB
  wait_listening "$SAMPLE_PORT" 3
}

record_variants start "$@"
