"""Requests that open something. LEAK in the environment: yes (and keep it for ever) or no (what is kept is kept within
bounds)."""

import itertools
import os
import socket
import sys
import tempfile

sys.path.insert(0, os.environ["HOME"])
import truth_log

UPSTREAM = ("127.0.0.1", 18081)
POOL = 5
CACHED_FILES = 23

leaks = os.environ["LEAK"] == "yes"
truth = truth_log.open_from_environment()
kept = []
pool = []
cache = {}
numbers = itertools.count()
truth.note("ready", "worker")


def report():
    """Asks another service over a connection of its own, or over one of a small pool."""
    if leaks:
        connection = socket.create_connection(UPSTREAM)
        kept.append(connection)
    elif len(pool) < POOL:
        connection = socket.create_connection(UPSTREAM)
        pool.append(connection)
    else:
        connection = pool[next(numbers) % POOL]
    connection.sendall(b"GET /report HTTP/1.1\r\n\r\n")
    connection.recv(4096)


def export():
    """Writes a file of its own, or into one of a cache of open files that fills and stays full."""
    if leaks:
        handle = tempfile.TemporaryFile(dir=os.environ["HOME"])
        kept.append(handle)
    else:
        number = next(numbers) % CACHED_FILES
        handle = cache.get(number) or cache.setdefault(number, tempfile.TemporaryFile(dir=os.environ["HOME"]))
    handle.write(b"a row\n")
    handle.flush()


def forget():
    """Reads an answer to its end, and forgets to close, or does not."""
    connection = socket.create_connection(UPSTREAM)
    connection.sendall(b"GET /once HTTP/1.0\r\n\r\n")
    while connection.recv(4096):
        pass
    if leaks:
        kept.append(connection)
    else:
        connection.close()


WORK = {"/report": report, "/export": export, "/forget": forget}


def application(environ, start_response):
    path = environ["PATH_INFO"]
    with truth.section("request", f"{environ['REQUEST_METHOD']} {path}"):
        WORK.get(path, lambda: None)()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "3")])
        return [b"ok\n"]
