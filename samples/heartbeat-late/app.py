"""A handler that takes seconds. NAP in the environment: blocking (the loop stands, and with it gunicorn's heartbeat) or
cooperative."""

import os
import sys
import time

import gevent

sys.path.insert(0, os.environ["HOME"])
import truth_log

truth = truth_log.open_from_environment()
truth.note("ready", "worker")
blocks = os.environ["NAP"] == "blocking"


def application(environ, start_response):
    path = environ["PATH_INFO"]
    request = f"{environ['REQUEST_METHOD']} {path}"
    with truth.section("request", request):
        if path.startswith("/nap/"):
            nap(request, float(path.removeprefix("/nap/")))
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]


def nap(request, seconds):
    if not blocks:
        gevent.sleep(seconds)
        return
    with truth.section("block", request, "no-syscall"):
        deadline = time.time() + seconds
        while time.time() < deadline:
            sum(range(100))
