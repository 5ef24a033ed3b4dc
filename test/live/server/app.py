"""What the live tests need of a server: a quick answer, a loop that does not yield, and a reply in two parts to a client that may have left."""

import ctypes
import time

import gevent
from gevent import monkey

libc = ctypes.CDLL(None)
really_sleep = monkey.get_original("time", "sleep")


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/stall":
        really_sleep(0.37)
    if path == "/block":
        really_sleep(4.3)
    if path == "/hang":
        libc.sleep(50)
    if path == "/compute":
        end = time.monotonic() + 40
        while time.monotonic() < end:
            pass
    if path == "/ladder":
        end = time.monotonic() + 20
        while time.monotonic() < end:
            libc.usleep(10_000)
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/parts":
        return parts()
    return [b"ok\n"]


def parts():
    gevent.sleep(0.2)
    for _ in range(3):
        yield b"x" * 97
        gevent.sleep(0.05)
