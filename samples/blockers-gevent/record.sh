#!/bin/bash
# Records one worker that meets every way to block, and the twin that does the same work cooperatively.
# usage: record.sh [blocking] [healthy]      (default: all)
# A private mount name space gives the server a slow name server.
[ "${DROVER_SAMPLE_UNSHARED:-}" ] || DROVER_SAMPLE_UNSHARED=1 exec unshare --mount "$0" "$@"
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story blockers-gevent

# record COOPERATE DRIVE-ARGUMENTS…
record() {
  local cooperate=$1
  shift
  port_is_free 18081 || die "port 18081 is taken"
  echo "nameserver 127.0.0.53
options timeout:5 attempts:1" >resolv.conf
  mount --bind resolv.conf /etc/resolv.conf
  mkfifo app.log
  touch shared.lock
  # Opened for both directions so that neither end waits for the other to open; descriptor 8 stays out of the server.
  exec 8<>app.log
  start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w 1 -e "COOPERATE=$cooperate" app:application
  wait_workers 1
  drive "$@"
  stop_server
  exec 8>&-
  umount /etc/resolv.conf
  keep
}

record_blocking() {
  begin_recording .
  record no --variant blocking
}

record_healthy() {
  begin_recording healthy
  record yes --variant healthy --healthy
}

[ $# -gt 0 ] || set -- blocking healthy
for recording in "$@"; do "record_$recording"; done
