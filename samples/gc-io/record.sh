#!/bin/bash
# Records logging from inside the garbage collector, with stacks; and a twin that logs later.
# usage: record.sh [collector] [healthy]      (default: all)
# A private mount name space gives the server a /dev/log.
[ "${DROVER_SAMPLE_UNSHARED:-}" ] || DROVER_SAMPLE_UNSHARED=1 exec unshare --mount "$0" "$@"
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story gc-io

# Stacks cost time and space: only the calls that matter.
STRACE_OPTIONS+=(
  -k
  -e trace=accept4,epoll_wait,recvfrom,sendto,connect,socket,listen,close,clone,clone3,fork,vfork,epoll_ctl
)

private_dev() {
  mkdir dev
  mount -t tmpfs tmpfs dev
  cp -a /dev/null /dev/zero /dev/full /dev/random /dev/urandom dev/
  ln -s /proc/self/fd dev/fd
  mount --bind dev /dev
}

# record LOGGING DRIVE-ARGUMENTS…
record() {
  local logging=$1
  shift
  private_dev
  start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w 1 -e "LOGGING=$logging" app:application
  wait_workers 1
  drive "$@"
  stop_server
  umount /dev
  umount dev
  keep
}

record_collector() {
  begin_recording .
  record collector --variant collector
}

record_healthy() {
  begin_recording healthy
  record later --variant healthy --healthy
}

[ $# -gt 0 ] || set -- collector healthy
for recording in "$@"; do "record_$recording"; done
