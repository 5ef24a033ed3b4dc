"""What the live tests need of a server: a quick answer, a loop that does not yield, and a reply in two parts to a
client that may have left."""

import ctypes
import subprocess
import threading
import time

import gevent
from gevent import monkey

libc = ctypes.CDLL(None)
real_socket = monkey.get_original("socket", "socket")
really_sleep = monkey.get_original("time", "sleep")
lock = threading.Lock()
lock.acquire()


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/stall":
        really_sleep(0.37)
    if path == "/block":
        really_sleep(4.3)
    if path == "/hang":
        libc.sleep(50)
    if path == "/lock":
        lock.acquire(timeout=50)
    if path == "/child":
        subprocess.run(["sleep", "50"])
    if path == "/compute":
        end = time.monotonic() + 40
        while time.monotonic() < end:
            pass
    if path == "/ladder":
        end = time.monotonic() + 20
        while time.monotonic() < end:
            libc.usleep(10_000)
    if path == "/upstream":
        really_ask(int(environ["QUERY_STRING"]))
    if path == "/database":
        really_poll(int(environ["QUERY_STRING"]))
    start_response("200 OK", [("Content-Type", "text/plain")])
    if path == "/parts":
        return parts()
    return [b"ok\n"]


def really_ask(port):
    """Asks a service that may never answer, in a call that holds the worker."""
    with real_socket() as upstream:
        upstream.connect(("127.0.0.1", port))
        upstream.sendall(b"GET /figures HTTP/1.1\r\nHost: figures\r\n\r\n")
        upstream.recv(65536)


def really_poll(port):
    """Waits for an answer as a driver of a database does, in poll of the one connection."""
    with real_socket() as database:
        database.connect(("127.0.0.1", port))
        database.sendall(b"select 1")
        polled = (ctypes.c_int * 2)(database.fileno(), 1)
        libc.poll(polled, 1, 30_000)


def parts():
    gevent.sleep(0.2)
    for _ in range(3):
        yield b"x" * 97
        gevent.sleep(0.05)
