"""What the live tests need of a server: a quick answer, a loop that does not yield, and a reply in two parts to a client that may have left."""

import gevent
from gevent import monkey

really_sleep = monkey.get_original("time", "sleep")


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/stall":
        really_sleep(0.37)
    if path == "/block":
        really_sleep(4.3)
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/parts":
        return parts()
    return [b"ok\n"]


def parts():
    gevent.sleep(0.2)
    for _ in range(3):
        yield b"x" * 97
        gevent.sleep(0.05)
