#!/bin/bash
# Records the distracted worker, the same with three workers and large documents, a cure that is none (sleep-zero), and
# a twin that yields.
# usage: record.sh [one-worker] [three-workers] [sleep-zero] [healthy] [bpftrace] [bpftrace-healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story distracted-worker

# serve WORKERS HOW-B-CRUNCHES
serve() {
  port_is_free 18081 || die "port 18081 is taken"
  start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w "$1" -e "CRUNCH=$2" app:application
  wait_workers "$1"
}

record_one_worker() {
  begin_recording .
  serve 1 small
  drive --variant one-worker
  stop_server
  keep
}

record_three_workers() {
  begin_recording three-workers
  serve 3 large
  drive --variant three-workers --workers 3
  stop_server
  keep
}

record_sleep_zero() {
  begin_recording sleep-zero
  serve 1 sleep-zero
  drive --variant sleep-zero --patient --ping
  stop_server
  keep
}

record_healthy() {
  begin_recording healthy
  serve 1 yielding
  drive --variant healthy --patient
  stop_server
  keep
}

# serve_attached HOW-B-CRUNCHES
serve_attached() {
  port_is_free 18081 || die "port 18081 is taken"
  start_untraced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w 1 -e "CRUNCH=$1" app:application
  wait_workers 1
  # shellcheck disable=SC2046
  attach_bpftrace exact "$SERVER_PID" $(worker_pids)
}

record_bpftrace() {
  begin_recording bpftrace
  serve_attached small
  drive --variant bpftrace
  stop_server
  keep_bpftrace
}

record_bpftrace_healthy() {
  begin_recording bpftrace/healthy
  serve_attached yielding
  drive --variant healthy --patient
  stop_server
  keep_bpftrace
}

[ $# -gt 0 ] || set -- one-worker three-workers sleep-zero healthy bpftrace bpftrace-healthy
for recording in "$@"; do "record_${recording//-/_}"; done
