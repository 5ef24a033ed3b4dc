"""One request waits politely for another service; the next one crunches JSON and lets nobody else run.

CRUNCH in the environment says how /b works:
  small     no allocation to speak of, so hardly a system call
  large     documents that make the allocator talk to the kernel
  sleep-zero  gevent.sleep(0) every few milliseconds: other greenlets run, but gevent looks for I/O only after 50 of
              them
  yielding  gevent.sleep(0.001) every few milliseconds: back to the loop and its epoll_wait, a good citizen
"""

import errno
import json
import os
import socket
import sys
import time

import gevent

sys.path.insert(0, os.environ["HOME"])
import truth_log

UPSTREAM = ("127.0.0.1", 18081)
CRUNCH_SECONDS = 1.0
SLICE_SECONDS = 0.004
PAUSE_SECONDS = {"sleep-zero": 0, "yielding": 0.001}

how = os.environ["CRUNCH"]
document = json.dumps(
    [{"id": row, "name": "item", "tags": ["a", "b"]} for row in range(20000 if how == "large" else 20)]
)
page = b"x" * 8192
truth = truth_log.open_from_environment()
truth.note("ready", "worker")


def application(environ, start_response):
    request = f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"
    with truth.section("request", request):
        body = {"/a": ask_upstream, "/b": crunch}.get(environ["PATH_INFO"], hello)(request)
        write = start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        try:
            write(body)
        except OSError as error:
            truth.note("broken-pipe", request, errno.errorcode[error.errno])
            raise
        return []


def hello(_request):
    return b"hello\n"


def ask_upstream(_request):
    with socket.create_connection(UPSTREAM) as upstream:
        upstream.sendall(b"GET /slow HTTP/1.0\r\n\r\n")
        while upstream.recv(4096):
            pass
    return page


def crunch(request):
    deadline = time.time() + CRUNCH_SECONDS
    while time.time() < deadline:
        if how in PAUSE_SECONDS:
            work_until(min(deadline, time.time() + SLICE_SECONDS))
            gevent.sleep(PAUSE_SECONDS[how])
        else:
            with truth.section("block", request, "no-syscall"):
                work_until(deadline)
    return page


def work_until(deadline):
    while time.time() < deadline:
        json.dumps(json.loads(document))
