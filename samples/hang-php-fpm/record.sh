#!/bin/bash
# Records php-fpm with requests of one session whose file another process has locked, and the same server idle.
# usage: record.sh [.] [healthy] [bpftrace] [bpftrace/healthy]      (default: all)
. "$(dirname "$0")/../lib/hang.sh"
begin_story hang-php-fpm

start() {
  mkdir sessions
  start_untraced /usr/sbin/php-fpm8.2 -R -F -y fpm.conf
  wait_listening "$SAMPLE_PORT"
}

record_variants start "$@"
