"""A request that needs the address of another service. RESOLVER in the environment: libc (on the loop's own thread) or
gevent (its default: libc, on a native thread)."""

import os
import socket
import sys

import gevent.monkey

sys.path.insert(0, os.environ["HOME"])
import truth_log

truth = truth_log.open_from_environment()
on_loop = os.environ["RESOLVER"] == "libc"
look_up = gevent.monkey.get_original("socket", "getaddrinfo") if on_loop else socket.getaddrinfo
truth.note("ready", "worker")


def application(environ, start_response):
    path = environ["PATH_INFO"]
    request = f"{environ['REQUEST_METHOD']} {path}"
    with truth.section("request", request):
        if path == "/order":
            with truth.section("block" if on_loop else "lookup", request, "dns"):
                found = look_up("db", 5432, socket.AF_INET, socket.SOCK_STREAM)
            assert found[0][4][0] == "10.0.0.7", found
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]
