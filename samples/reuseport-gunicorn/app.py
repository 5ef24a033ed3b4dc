"""A service that does nothing: all there is to see is who accepts from which socket."""

import os
import sys

sys.path.insert(0, os.environ["HOME"])
import truth_log

truth = truth_log.open_from_environment()
truth.note("ready", "worker")


def application(environ, start_response):
    with truth.section("request", f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"):
        body = b"hello\n"
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]
