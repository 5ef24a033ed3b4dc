"""Requests that write under a lock. LOCK in the environment: files (shared by all workers), own (the same files, but
one set for each worker), threads (one lock of the process) or none (the same threads without it)."""

import fcntl
import os
import sqlite3
import sys
import threading
import time

sys.path.insert(0, os.environ["HOME"])
import truth_log

UNDER_LOCK_SECONDS = 0.04
HOME = os.environ["HOME"]

kind = os.environ["LOCK"]
truth = truth_log.open_from_environment()
lock = threading.Lock()
set_name = str(os.getpid()) if kind == "own" else "shared"
database = f"{HOME}/{set_name}.sqlite"
log_file = f"{HOME}/{set_name}.log.lock"


def write_log(request):
    """Like a log handler that several processes may use."""
    with open(log_file, "a") as handle:
        with truth.section("lock-wait", log_file):
            fcntl.flock(handle, fcntl.LOCK_EX)
        with truth.section("lock-hold", log_file):
            time.sleep(UNDER_LOCK_SECONDS)
        fcntl.flock(handle, fcntl.LOCK_UN)


def write_database(request):
    """A transaction with other work inside."""
    connection = sqlite3.connect(database, timeout=10, isolation_level=None)
    with truth.section("lock-wait", database):
        connection.execute("BEGIN IMMEDIATE")
    with truth.section("lock-hold", database):
        connection.execute("INSERT INTO visits VALUES (?)", (request,))
        time.sleep(UNDER_LOCK_SECONDS)
    connection.execute("COMMIT")
    connection.close()


def work_in_thread(request):
    if kind == "none":
        time.sleep(UNDER_LOCK_SECONDS)
        return
    handle = truth.begin("lock-wait", "lock")
    with lock:
        truth.end(handle)
        with truth.section("lock-hold", "lock"):
            time.sleep(UNDER_LOCK_SECONDS)


def prepare_database():
    connection = sqlite3.connect(database, timeout=10)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("CREATE TABLE IF NOT EXISTS visits (request TEXT)")
    connection.commit()
    connection.close()


WORK = {"/log": write_log, "/database": write_database, "/thread": work_in_thread}
if kind in ("files", "own"):
    prepare_database()
truth.note("ready", "worker")


def application(environ, start_response):
    request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    with truth.section("request", request):
        work = WORK.get(environ["PATH_INFO"])
        if work is not None:
            work(request)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]
