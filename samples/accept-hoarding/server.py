"""Three processes, each with an asyncio loop, and one listener that all inherit. Each request works for a moment
without awaiting.

usage: server.py PORT all|one
all: asyncio's own server, which accepts until the queue is empty. one: a worker accepts the next connection when it has
served the last.
"""

import asyncio
import os
import signal
import socket
import sys
import time

sys.path.insert(0, os.environ["HOME"])
import prefork
import truth_log

PORT, accepts = int(sys.argv[1]), sys.argv[2]
WORKERS = 3
BACKLOG = 128
WORK_SECONDS = 0.13
truth = truth_log.open_from_environment()


def main():
    listener = socket.create_server(("127.0.0.1", PORT), backlog=BACKLOG)
    prefork.run(WORKERS, lambda: asyncio.run(serve(listener)))


async def serve(listener):
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    if accepts == "all":
        server = await asyncio.start_server(handle, sock=listener, backlog=BACKLOG)
    else:
        listener.setblocking(False)
        loop.add_reader(listener, accept_one, loop, listener)
    truth.note("ready", "worker")
    await stopped.wait()
    if accepts == "all":
        server.close()
    else:
        loop.remove_reader(listener)


def accept_one(loop, listener):
    try:
        connection, _ = listener.accept()
    except BlockingIOError:
        return
    loop.remove_reader(listener)
    loop.create_task(serve_one(loop, listener, connection))


async def serve_one(loop, listener, connection):
    connection.setblocking(False)
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, connection)
    await handle(reader, asyncio.StreamWriter(transport, protocol, reader, loop))
    loop.add_reader(listener, accept_one, loop, listener)


async def handle(reader, writer):
    head = await reader.readuntil(b"\r\n\r\n")
    with truth.section("request", head.split(b" HTTP/", 1)[0].decode()):
        time.sleep(WORK_SECONDS)
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nok\n")
        await writer.drain()
    writer.close()


main()
