"""Three processes, each with an asyncio loop, behind one port.

usage: server.py PORT shared|reuseport
shared: one listener, inherited by all, and a handler that sleeps without awaiting. reuseport: a listener each, and a
handler that awaits.
"""

import asyncio
import os
import signal
import sys
import time

sys.path.insert(0, os.environ["HOME"])
import prefork
import truth_log

PORT = int(sys.argv[1])
blocks = sys.argv[2] == "shared"
WORKERS = 3
BACKLOG = 64
PAUSE_SECONDS = 0.3
truth = truth_log.open_from_environment()


def main():
    shared = prefork.listen(PORT, BACKLOG) if blocks else None
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
        if request == "GET /slow":
            await pause(request)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nok\n")
        await writer.drain()
    writer.close()


async def pause(request):
    if not blocks:
        await asyncio.sleep(PAUSE_SECONDS)
        return
    with truth.section("block", request, "sleep"):
        time.sleep(PAUSE_SECONDS)


main()
