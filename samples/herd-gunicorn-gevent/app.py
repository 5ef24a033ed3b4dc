"""A service that does nothing, so that all that is left to see is how connections are handed out."""

import os
import sys

sys.path.insert(0, os.environ.get("HOME", "."))
import truth_log

truth = truth_log.open_from_environment()
truth.note("ready", "worker")


def application(environ, start_response):
    with truth.section("request", f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"):
        body = b"hello\n"
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]
