"""A service with a request that stops its worker for a while: an original sleep, as a library that was imported too
early would do."""

import os
import sys

from gevent import monkey

sys.path.insert(0, os.environ["HOME"])
import truth_log

STALL_SECONDS = 0.7
original_sleep = monkey.get_original("time", "sleep")
truth = truth_log.open_from_environment()
truth.note("ready", "worker")


def application(environ, start_response):
    request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    with truth.section("request", request):
        if environ["PATH_INFO"] == "/stall":
            with truth.section("block", request, "sleep"):
                original_sleep(STALL_SECONDS)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]
