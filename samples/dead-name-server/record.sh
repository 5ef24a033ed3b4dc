#!/bin/bash
# Records a loop that looks a name up while one of two name servers is silent, and the twin that does so on a thread.
# usage: record.sh [libc] [healthy]      (default: all)
# A private mount name space gives the server these name servers.
[ "${DROVER_SAMPLE_UNSHARED:-}" ] || DROVER_SAMPLE_UNSHARED=1 exec unshare --mount "$0" "$@"
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story dead-name-server

# record RESOLVER DRIVE-ARGUMENTS…
record() {
  local resolver=$1
  shift
  echo "nameserver 127.0.0.53
nameserver 127.0.0.54
search corp.example internal.example
options timeout:1 attempts:2" >resolv.conf
  mount --bind resolv.conf /etc/resolv.conf
  start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w 1 -e "RESOLVER=$resolver" app:application
  wait_workers 1
  drive "$@"
  stop_server
  umount /etc/resolv.conf
  keep
}

record_libc() {
  begin_recording .
  record libc --variant libc
}

record_healthy() {
  begin_recording healthy
  record gevent --variant healthy --healthy
}

[ $# -gt 0 ] || set -- libc healthy
for recording in "$@"; do "record_$recording"; done
