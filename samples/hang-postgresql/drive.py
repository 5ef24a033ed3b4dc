"""Sessions that hang: two wait for a row that an idle transaction has changed, one sends to a client that does not
read, one loads from a named pipe that nobody writes to. What each waits for the server itself tells (pg_stat_activity,
pg_locks)."""

import os
import threading

import hang
import psycopg2
import psycopg2.extensions

# From this server's own view of itself. A row lock and a client are waited for with epoll_wait, as by sessions that
# idle.
WAITS = """
  SELECT a.pid,
         extract(
           epoch FROM coalesce((SELECT min(l.waitstart) FROM pg_locks l WHERE l.pid = a.pid), a.query_start)
         )::float8,
         a.application_name, pg_blocking_pids(a.pid)
  FROM pg_stat_activity a
  WHERE a.application_name LIKE 'stuck%' AND (a.wait_event IN ('transactionid', 'tuple', 'ClientWrite')
    OR a.query LIKE 'COPY%')
"""
FEED = f"{os.environ['HOME']}/feed"
sessions = []


def connect(name, **options):
    sessions.append(
        psycopg2.connect(
            host="127.0.0.1", port=18080, user="postgres", dbname="postgres", application_name=name, **options
        )
    )
    return sessions[-1]


def execute_apart(name, statement):
    session = connect(name)
    threading.Thread(target=lambda: session.cursor().execute(statement), daemon=True).start()


def do_not_read():
    session = connect("stuck: client", async_=True)
    hang.wait_for("a session", lambda: session.poll() == psycopg2.extensions.POLL_OK)
    session.cursor().execute("SELECT repeat('x', 1000) FROM generate_series(1, 30000)")


def warm_up():
    session = connect("idle")
    session.autocommit = True
    session.cursor().execute("CREATE TABLE accounts AS SELECT id, 0 AS balance FROM generate_series(1, 7) id")
    connect("idle").cursor().execute("UPDATE accounts SET balance = 1 WHERE id = 1")


def hang_all():
    # The transaction of the warm-up holds the row, and is idle.
    for _ in range(2):
        execute_apart("stuck: row", "UPDATE accounts SET balance = 2 WHERE id = 1")
    do_not_read()
    execute_apart("stuck: pipe", f"COPY accounts FROM '{FEED}'")
    hang.wait_for("four stuck sessions", lambda: len(waits()) == 4)


def waits():
    watcher = psycopg2.connect(
        host="127.0.0.1", port=18080, user="postgres", dbname="postgres", application_name="watcher"
    )
    cursor = watcher.cursor()
    cursor.execute(WAITS)
    rows = cursor.fetchall()
    watcher.close()
    return rows


def entries():
    told = []
    for pid, since, name, blockers in waits():
        kind, target = {
            "stuck: row": ("row-lock", f"a row of accounts, held by {blockers}"),
            "stuck: client": ("client", "a client that does not read"),
            "stuck: pipe": ("pipe", FEED),
        }[name]
        told.append(dict(pid=pid, tid=pid, since=since, kind=kind, target=target, shown=kind == "pipe"))
    return sorted(told, key=lambda entry: entry["pid"])


hang.run(
    story="hang-postgresql",
    server="PostgreSQL 15",
    warm_up=warm_up,
    hang=hang_all,
    entries=entries,
    # Longer than deadlock_timeout: the check for a deadlock is over.
    idle_seconds=2.0,
)
