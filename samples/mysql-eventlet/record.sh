#!/bin/bash
# Records a C MySQL client under eventlet, and the twin with a cooperative client. The database is real and not traced.
# usage: record.sh [mysqldb] [healthy]      (default: all)
. "$(dirname "$0")/../lib/record-lib.sh"
begin_story mysql-eventlet

start_database() {
  port_is_free 13306 || die "port 13306 is taken"
  mkdir database
  chown mysql "$RUN_DIR" database
  "${CLEAN[@]}" mariadb-install-db --no-defaults --user=mysql --datadir="$RUN_DIR/database" >database.log 2>&1
  setsid "${CLEAN[@]}" mariadbd --no-defaults --user=mysql --datadir="$RUN_DIR/database" --bind-address=127.0.0.1 \
    --port=13306 --socket="$RUN_DIR/database.sock" >>database.log 2>&1 9>&- &
  DATABASE_PID=$!
  STARTED_GROUPS+=("$DATABASE_PID")
  STRACE_PID=$DATABASE_PID SERVER_PID='' wait_until "the database" test -S "$RUN_DIR/database.sock"
  mariadb --no-defaults --socket="$RUN_DIR/database.sock" \
    -e "CREATE USER shop@'127.0.0.1' IDENTIFIED BY 'shop'; CREATE USER shop@localhost IDENTIFIED BY 'shop'"
}

stop_database() {
  kill -TERM "$DATABASE_PID"
  wait "$DATABASE_PID" || true
}

# record DRIVER DRIVE-ARGUMENTS…
record() {
  local driver=$1
  shift
  start_database
  start_traced "$GUNICORN" -b "127.0.0.1:$SAMPLE_PORT" -k eventlet -w 2 -e "DRIVER=$driver" app:application
  wait_workers 2
  drive "$@"
  stop_server
  stop_database
  keep
}

record_mysqldb() {
  begin_recording .
  record mysqldb --variant mysqldb
}

record_healthy() {
  begin_recording healthy
  record pymysql --variant healthy --healthy
}

[ $# -gt 0 ] || set -- mysqldb healthy
for recording in "$@"; do "record_$recording"; done
