"""One asyncio loop that computes a little for each request.

usage: server.py PORT

The truth: all that one iteration of the loop served is one section. asyncio asks the kernel between two iterations, so
this is a turn.
"""

import asyncio
import os
import signal
import sys
import time

sys.path.insert(0, os.environ["HOME"])
import truth_log

WORK_SECONDS = 0.007
STALL_SECONDS = 0.1

truth = truth_log.open_from_environment()


class Handler(asyncio.Protocol):
    """Answers at once, as an echo server does."""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        started = time.time()
        if b"GET /work " in data:
            compute()
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok\n")
        if b"Connection: close" in data:
            self.transport.close()
        iteration.served(started, time.time())


def compute():
    deadline = time.time() + WORK_SECONDS
    while time.time() < deadline:
        sum(range(200))


class Iteration:
    """What the loop has served since it asked the kernel last."""

    started = None

    def served(self, started, ended):
        if self.started is None:
            self.started = started
            asyncio.get_running_loop().call_soon(self.over)
        self.ended = ended

    def over(self):
        if self.ended - self.started >= STALL_SECONDS:
            truth.end(truth.begin("block", "GET /work", "many-requests", start=self.started), self.ended)
        self.started = None


iteration = Iteration()


async def serve():
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    server = await loop.create_server(Handler, "127.0.0.1", int(sys.argv[1]), backlog=64)
    truth.note("ready", "worker")
    await stopped.wait()
    server.close()


asyncio.run(serve())
