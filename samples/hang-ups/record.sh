#!/bin/bash
# Records clients, an upstream and a helper that go away; clients that go away behind nginx; and a twin whose clients
# are patient.
# usage: record.sh [direct] [behind-nginx] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story hang-ups

# serve BIND
serve() {
  port_is_free 18081 || die "port 18081 is taken"
  start_traced "$GUNICORN" -b "$1" -k gevent -w 1 app:application
  wait_workers 1
}

record_direct() {
  begin_recording .
  serve "127.0.0.1:$SAMPLE_PORT"
  drive --variant direct
  stop_server
  keep
}

record_behind_nginx() {
  begin_recording behind-nginx
  chmod 755 "$RUN_DIR"
  serve "unix:$RUN_DIR/app.sock"
  chmod 777 app.sock
  setsid "${CLEAN[@]}" /usr/sbin/nginx -c "$RUN_DIR/nginx.conf" -e "$RUN_DIR/nginx-error.log" 9>&- &
  NGINX_PID=$!
  STARTED_GROUPS+=("$NGINX_PID")
  wait_listening "$SAMPLE_PORT" 1
  drive --variant behind-nginx --behind-nginx
  kill -TERM "$NGINX_PID"
  wait "$NGINX_PID" || true
  stop_server
  keep
}

record_healthy() {
  begin_recording healthy
  serve "127.0.0.1:$SAMPLE_PORT"
  drive --variant healthy --healthy
  stop_server
  keep
}

[ $# -gt 0 ] || set -- direct behind-nginx healthy
for recording in "$@"; do "record_${recording//-/_}"; done
