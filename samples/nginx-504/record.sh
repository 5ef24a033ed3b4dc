#!/bin/bash
# Records nginx in front of a service that takes requests and never answers: the client gets 504 after
# proxy_read_timeout. And the same with a service that answers.
# usage: record.sh [stuck] [healthy]      (default: both)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story nginx-504

# proxy VARIANT
proxy() {
  port_is_free 18081 || die "port 18081 is taken"
  mkdir www
  head -c 200 /dev/zero | tr '\0' x >www/index.html
  chmod 755 "$RUN_DIR" www
  start_untraced /usr/sbin/nginx -c "$RUN_DIR/nginx.conf" -e "$RUN_DIR/nginx-error.log"
  wait_listening "$SAMPLE_PORT"
  local workers
  workers=$(cat "/proc/$SERVER_PID/task/$SERVER_PID/children")
  # shellcheck disable=SC2086
  attach "$SERVER_PID" $workers
  # shellcheck disable=SC2086
  drive --variant "$1" --workers $workers
  stop_server
  keep /dev/null
}

record_stuck() {
  begin_recording .
  proxy stuck
}

record_healthy() {
  begin_recording healthy
  proxy healthy
}

[ $# -gt 0 ] || set -- stuck healthy
for recording in "$@"; do "record_$recording"; done
