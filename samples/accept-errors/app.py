"""A service that may open OPEN_FILES files, and no more."""

import os
import resource
import sys

sys.path.insert(0, os.environ["HOME"])
import truth_log

truth = truth_log.open_from_environment()
limit = int(os.environ["OPEN_FILES"])
resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
truth.note("ready", "worker")


def application(environ, start_response):
    with truth.section("request", f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"):
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]
