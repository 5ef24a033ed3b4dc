"""The same paths as those of server.py, for gunicorn's sync workers."""

import os
import sys
import time

sys.path.insert(0, os.environ["HOME"])
import truth_log

STALL_SECONDS = 0.7
truth = truth_log.open_from_environment()
truth.note("ready", "worker")


def application(environ, start_response):
    with truth.section("request", f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"):
        if environ["PATH_INFO"] == "/stall":
            time.sleep(STALL_SECONDS)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]
