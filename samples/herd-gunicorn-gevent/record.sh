#!/bin/bash
# Records the herd, the same herd by attaching, a longer one to see who wins, and two servers that wake one worker per
# connection.
# usage: record.sh [started] [attached] [skewed] [nginx] [uwsgi-thunder] [bpftrace] [bpftrace-nginx]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story herd-gunicorn-gevent

SERVER=("$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w 5 app:application)

record_started() {
  begin_recording .
  start_traced "${SERVER[@]}"
  wait_workers 5
  drive --variant started --server gunicorn
  stop_server
  keep
}

record_attached() {
  begin_recording attached
  start_untraced "${SERVER[@]}"
  wait_workers 5
  # shellcheck disable=SC2046
  attach "$SERVER_PID" $(worker_pids)
  drive --variant attached --server gunicorn
  stop_server
  keep
}

record_skewed() {
  begin_recording skewed
  start_untraced "${SERVER[@]}"
  wait_workers 5
  # shellcheck disable=SC2046
  attach "$SERVER_PID" $(worker_pids)
  drive --variant skewed --server gunicorn --connections 211 --period 0.01 --skewed
  stop_server
  keep
}

record_nginx() {
  begin_recording healthy/nginx
  mkdir www
  echo hello >www/index.html
  chmod 755 "$RUN_DIR" www
  start_traced /usr/sbin/nginx -c "$RUN_DIR/nginx.conf" -e "$RUN_DIR/nginx-error.log"
  wait_listening "$SAMPLE_PORT"
  # shellcheck disable=SC2046
  drive --variant healthy/nginx --server nginx --workers $(cat "/proc/$SERVER_PID/task/$SERVER_PID/children")
  stop_server
  keep /dev/null
}

record_uwsgi_thunder() {
  begin_recording healthy/uwsgi-thunder
  start_traced /usr/bin/uwsgi --plugin python3 --virtualenv "$RUN_DIR/venv" --http-socket "127.0.0.1:$SAMPLE_PORT" \
    --master --processes 4 --lazy-apps --thunder-lock --disable-logging --die-on-term --wsgi-file app.py
  wait_workers 4
  drive --variant healthy/uwsgi-thunder --server uwsgi-thunder
  stop_server
  keep
}

record_bpftrace() {
  begin_recording bpftrace
  start_untraced "${SERVER[@]}"
  wait_workers 5
  # shellcheck disable=SC2046
  attach_bpftrace exact "$SERVER_PID" $(worker_pids)
  drive --variant bpftrace --server gunicorn
  stop_server
  keep_bpftrace
}

record_bpftrace_nginx() {
  local workers
  begin_recording bpftrace/healthy/nginx
  mkdir www
  echo hello >www/index.html
  chmod 755 "$RUN_DIR" www
  start_untraced /usr/sbin/nginx -c "$RUN_DIR/nginx.conf" -e "$RUN_DIR/nginx-error.log"
  wait_listening "$SAMPLE_PORT"
  workers=$(cat "/proc/$SERVER_PID/task/$SERVER_PID/children")
  # shellcheck disable=SC2086
  attach_bpftrace exact "$SERVER_PID" $workers
  # shellcheck disable=SC2086
  drive --variant bpftrace/healthy/nginx --server nginx --workers $workers
  stop_server
  keep_bpftrace /dev/null
}

[ $# -gt 0 ] || set -- started attached skewed nginx uwsgi-thunder bpftrace bpftrace-nginx
for recording in "$@"; do "record_${recording//-/_}"; done
