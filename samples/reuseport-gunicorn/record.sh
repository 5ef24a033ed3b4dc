#!/bin/bash
# Records gunicorn and uWSGI with --reuse-port, which both set on one socket for all workers, and three servers that
# each have a socket.
# usage: record.sh [inherited] [uwsgi] [own]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story reuseport-gunicorn

SERVER=("$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent --reuse-port app:application)

record_inherited() {
  begin_recording .
  start_traced "${SERVER[@]}" -w 5
  wait_workers 5
  drive --variant inherited --sockets inherited
  stop_server
  keep
}

record_uwsgi() {
  begin_recording uwsgi
  start_traced /usr/bin/uwsgi --plugin python3 --virtualenv "$RUN_DIR/venv" --http-socket "127.0.0.1:$SAMPLE_PORT" \
    --master --processes 4 --lazy-apps --reuse-port --disable-logging --die-on-term --wsgi-file app.py
  wait_workers 4
  drive --variant uwsgi --sockets uwsgi
  stop_server
  keep
}

record_own() {
  begin_recording healthy
  start_traced "$PYTHON" several.py 3 "${SERVER[@]}" -w 1
  wait_workers 3
  drive --variant healthy --sockets own
  stop_server
  keep
}

[ $# -gt 0 ] || set -- inherited uwsgi own
for recording in "$@"; do "record_$recording"; done
