"""A report that is written under a lock of the process, and under one on the file."""

import fcntl
import os
import sys
import threading
import time

sys.path.insert(0, os.environ["HOME"])
import hang

LOCK_FILE = f"{os.environ['HOME']}/report.lock"
lock = threading.Lock()


def write_report():
    # The first one gets the lock; it does not wait for it.
    if not lock.acquire(blocking=False):
        hang.say("lock", "threading.Lock", shown=False)
        lock.acquire()
    with open(LOCK_FILE) as handle:
        hang.say("file-lock", LOCK_FILE)
        fcntl.flock(handle, fcntl.LOCK_EX)
    lock.release()


def application(environ, start_response):
    if environ["PATH_INFO"] == "/report":
        write_report()
    else:
        # Long enough for the pool to start all of its threads.
        time.sleep(0.1)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\n"]
