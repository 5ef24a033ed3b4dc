"""Holds the lock on the file, and asks four times."""

import fcntl
import os

import hang

handle = open(f"{os.environ['HOME']}/report.lock")

hang.run(
    story="hang-gunicorn-gthread",
    server="gunicorn 20.1.0 gthread, 1 worker, 4 threads, Python 3.11.2",
    before=lambda: fcntl.flock(handle, fcntl.LOCK_EX),
    hang=lambda: hang.ask_until_stuck("/report", "/report", "/report", "/report"),
)
