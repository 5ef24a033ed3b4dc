"""Sessions that are garbage, and a callback that logs each one's end to syslog.

LOGGING in the environment: collector (the callback logs at once, inside the garbage collector) or later (it takes a
note, and a greenlet logs).
"""

import collections
import gc
import logging
import logging.handlers
import os
import sys
import weakref

import gevent

sys.path.insert(0, os.environ["HOME"])
import truth_log

SESSIONS = 17
ALLOCATIONS = 40_000

logs_inside_collector = os.environ["LOGGING"] == "collector"
truth = truth_log.open_from_environment()
log = logging.getLogger("sessions")
log.setLevel(logging.INFO)
log.addHandler(logging.handlers.SysLogHandler(address="/dev/log"))
log.propagate = False
watched = set()
expired = collections.deque()
collecting = False


class Session:
    """Points to itself, so that only the collector can free it."""

    def __init__(self):
        self.itself = self


def note_collection(phase, _info):
    global collecting
    collecting = phase == "start"


def on_expired(reference):
    watched.discard(reference)
    if not logs_inside_collector:
        expired.append(reference)
        return
    handle = truth.begin("gc-io" if collecting else "io", "sendto /dev/log")
    log.info("session expired")
    truth.end(handle)


def log_later():
    while True:
        gevent.sleep(0.05)
        while expired:
            expired.popleft()
            log.info("session expired")


def application(environ, start_response):
    with truth.section("request", f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"):
        for _ in range(SESSIONS):
            watched.add(weakref.ref(Session(), on_expired))
        [[number] for number in range(ALLOCATIONS)]  # containers enough to make the collector run
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]


gc.callbacks.append(note_collection)
if not logs_inside_collector:
    gevent.spawn(log_later)
truth.note("ready", "worker")
