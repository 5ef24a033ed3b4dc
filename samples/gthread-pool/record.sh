#!/bin/bash
# Records gunicorn's thread pool with blocking handlers. There is no ill variant: the sample is healthy.
# usage: record.sh
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story gthread-pool

begin_recording healthy
start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k gthread -w 2 --threads 4 app:application
wait_workers 2
drive
stop_server
keep
