#!/bin/bash
# Records php-fpm with requests of one session side by side, and the twin whose requests have a session each.
# usage: record.sh [one] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story php-sessions

# record DRIVE-ARGUMENTS…
record() {
  mkdir sessions
  start_traced /usr/sbin/php-fpm8.2 -R -F -y fpm.conf
  wait_listening "$SAMPLE_PORT"
  drive "$@"
  stop_server
  keep /dev/null
}

record_one() {
  begin_recording .
  record --variant one
}

record_healthy() {
  begin_recording healthy
  record --variant healthy --healthy
}

[ $# -gt 0 ] || set -- one healthy
for recording in "$@"; do "record_$recording"; done
