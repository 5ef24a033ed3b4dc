#!/bin/bash
# Records nginx under keep-alive load. There is no ill variant: the sample is healthy.
# usage: record.sh
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story nginx-load

begin_recording healthy
mkdir www
head -c 2000 /dev/zero | tr '\0' x >www/index.html
chmod 755 "$RUN_DIR" www
start_traced /usr/sbin/nginx -c "$RUN_DIR/nginx.conf" -e "$RUN_DIR/nginx-error.log"
wait_listening "$SAMPLE_PORT"
# shellcheck disable=SC2046
drive --workers $(cat "/proc/$SERVER_PID/task/$SERVER_PID/children")
stop_server
keep /dev/null
