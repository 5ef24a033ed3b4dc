"""An ordinary blocking application under sync workers: 0.3 s per request, and nothing wrong with that."""

import os
import sys
import time

sys.path.insert(0, os.environ["HOME"])
import truth_log

WORK_SECONDS = 0.3

truth = truth_log.open_from_environment()
truth.note("ready", "worker")


def application(environ, start_response):
    with truth.section("request", f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"):
        time.sleep(WORK_SECONDS)
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]
