"""A service under load: JSON, a file, and a request that waits for ten milliseconds and yields meanwhile."""

import json
import os
import sys

sys.path.insert(0, os.environ.get("HOME", "."))
import gevent
import truth_log

truth = truth_log.open_from_environment()
truth.note("ready", "worker")
ROWS = [{"id": number, "name": f"n{number}"} for number in range(97)]


def application(environ, start_response):
    path = environ["PATH_INFO"]
    with truth.section("request", f"{environ['REQUEST_METHOD']} {path}"):
        if path == "/file":
            with open("/etc/services", encoding="ascii", errors="replace") as services:
                body = services.read(2000).encode()
        elif path == "/slow":
            gevent.sleep(0.01)
            body = b"slow\n"
        else:
            body = json.dumps(ROWS).encode()
        start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]
