"""A report from another service, over a plain socket and without a timeout."""

import os
import socket
import sys

sys.path.insert(0, os.environ["HOME"])
import hang


def application(environ, start_response):
    if environ["PATH_INFO"] == "/report":
        with socket.create_connection(("127.0.0.1", hang.UPSTREAM_PORT)) as upstream:
            upstream.sendall(b"GET /figures HTTP/1.1\r\nHost: figures\r\n\r\n")
            hang.say("upstream", f"127.0.0.1:{hang.UPSTREAM_PORT}")
            upstream.recv(65536)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
    return [b"ok\n"]
