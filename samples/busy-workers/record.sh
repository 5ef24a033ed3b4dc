#!/bin/bash
# Records four workers that are kept busy, by attaching: nothing is wrong with them. The bench copies this capture.
# usage: record.sh
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story busy-workers

begin_recording healthy
start_untraced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gevent -w 4 app:application
wait_workers 4
# shellcheck disable=SC2046
attach "$SERVER_PID" $(worker_pids)
drive --variant healthy
stop_server
keep
