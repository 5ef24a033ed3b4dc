"""Three processes, each with an asyncio loop, behind one port. One path sleeps without awaiting.

usage: server.py PORT own|shared
own: a listener for each process (SO_REUSEPORT). shared: one listener that all inherit.
"""

import asyncio
import os
import signal
import sys
import time

sys.path.insert(0, os.environ["HOME"])
import prefork
import truth_log

PORT, queues = int(sys.argv[1]), sys.argv[2]
WORKERS = 3
BACKLOG = 128
STALL_SECONDS = 0.7
truth = truth_log.open_from_environment()


def main():
    shared = prefork.listen(PORT, BACKLOG) if queues == "shared" else None
    prefork.run(WORKERS, lambda: asyncio.run(serve(shared or prefork.listen(PORT, BACKLOG, reuse_port=True))))


async def serve(listener):
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    server = await asyncio.start_server(handle, sock=listener, backlog=BACKLOG)
    truth.note("ready", "worker")
    await stopped.wait()
    server.close()


async def handle(reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    request = head.split(b" HTTP/", 1)[0].decode()
    with truth.section("request", request):
        if request == "GET /stall":
            with truth.section("block", request, "sleep"):
                time.sleep(STALL_SECONDS)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nok\n")
        await writer.drain()
    writer.close()


main()
