"""A gevent worker that computes a little for each request, and lets nobody else in while the next one of the same
client is there.

The truth: requests that follow each other without a pause are one section.
"""

import os
import sys
import time

sys.path.insert(0, os.environ["HOME"])
import truth_log

WORK_SECONDS = 0.007
PAUSE_SECONDS = 0.004
STALL_SECONDS = 0.1

truth = truth_log.open_from_environment()
truth.note("ready", "worker")
burst = {"started": 0, "ended": 0, "handle": None}


def application(environ, start_response):
    started = time.time()
    if environ["PATH_INFO"] == "/work":
        deadline = started + WORK_SECONDS
        while time.time() < deadline:
            sum(range(200))
        note(started, time.time())
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\n"]


def note(started, ended):
    if started - burst["ended"] > PAUSE_SECONDS:
        burst.update(started=started, handle=None)
    burst["ended"] = ended
    if ended - burst["started"] < STALL_SECONDS:
        return
    if burst["handle"] is None:
        burst["handle"] = truth.begin("block", "GET /work", "one-connection", start=burst["started"])
    truth.end(burst["handle"], ended)
