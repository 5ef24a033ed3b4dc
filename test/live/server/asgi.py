"""Coroutines that do not yield: a call that waits, a ladder of short sleeps, a computation. The query is the port of a
service."""

import ctypes
import socket
import time

libc = ctypes.CDLL(None)


async def application(scope, receive, send):
    if scope["type"] != "http":
        return
    path = scope["path"]
    end = time.monotonic() + 20
    if path == "/upstream":
        with socket.create_connection(("127.0.0.1", int(scope["query_string"]))) as upstream:
            upstream.sendall(b"GET /figures HTTP/1.1\r\nHost: figures\r\n\r\n")
            upstream.recv(65536)
    while path == "/ladder" and time.monotonic() < end:
        libc.usleep(10_000)
    while path == "/compute" and time.monotonic() < end:
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]})
    await send({"type": "http.response.body", "body": b"ok\n"})
